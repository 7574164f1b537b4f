//! Names the build (commit, date) for the plugin's description.

fn main() {
    gst_plugin_version_helper::info();
}
