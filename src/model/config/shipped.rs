//! The configs in configs/, built in, so that they are always available.

/// File names and texts, as in configs/.
pub const SHIPPED: [(&str, &str); 9] = [
    ("lean.yml", include_str!("../../../configs/lean.yml")),
    ("nano.yml", include_str!("../../../configs/nano.yml")),
    (
        "imagenet_256.yml",
        include_str!("../../../configs/imagenet_256.yml"),
    ),
    (
        "imagenet_256_cc.yml",
        include_str!("../../../configs/imagenet_256_cc.yml"),
    ),
    (
        "imagenet_512_cc.yml",
        include_str!("../../../configs/imagenet_512_cc.yml"),
    ),
    (
        "celeba_hq.yml",
        include_str!("../../../configs/celeba_hq.yml"),
    ),
    ("bedroom.yml", include_str!("../../../configs/bedroom.yml")),
    ("cat.yml", include_str!("../../../configs/cat.yml")),
    ("church.yml", include_str!("../../../configs/church.yml")),
];

/// The text of the config `name`, with or without `.yml`.
pub fn text(name: &str) -> Option<&'static str> {
    let stem = name.strip_suffix(".yml").unwrap_or(name);
    let found = SHIPPED
        .iter()
        .find(|(file, _)| file.strip_suffix(".yml") == Some(stem));
    found.map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_configs_is_built_in() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/configs");
        let mut files: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        let mut shipped = SHIPPED.map(|(name, _)| name.to_owned()).to_vec();
        files.sort();
        shipped.sort();
        assert_eq!(shipped, files);
    }

    #[test]
    fn names_go_with_and_without_their_ending() {
        assert!(text("cat").is_some_and(|t| t.contains("ch_mult")));
        assert_eq!(text("cat.yml"), text("cat"));
        assert_eq!(text("dog"), None);
    }
}
