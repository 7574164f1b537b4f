//! `--precision auto` in one process after another: the first finds out whether bf16 and eight bits are
//! faster, the others go by its verdict, so that the pixels stay the same. Old processors.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use ddrmjpeg::frame::{PixelModel, Planar8};
use ddrmjpeg::jpeg;
use tempfile::TempDir;

/// A JPEG on which some pixels differ between bf16 and f32.
fn picture() -> Vec<u8> {
    let mut scene = Planar8::new(PixelModel::Rgb, 96, 64, (1, 1));
    for (c, plane) in scene.planes.iter_mut().enumerate() {
        for (i, value) in plane.data.iter_mut().enumerate() {
            let (x, y) = (i % 96, i / 96);
            *value =
                (40 + 20 * c + (x * 3 + y * y / 5) % 120 + ((i * 2_654_435_761) >> 9) % 20) as u8;
        }
    }
    jpeg::encode(&scene, 15, (2, 2)).unwrap()
}

struct Home {
    folder: TempDir,
}

impl Home {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("in.jpg"), picture()).unwrap();
        Self { folder }
    }

    fn cache(&self) -> PathBuf {
        self.folder.path().join("cache")
    }

    /// The bytes of the restored picture, with `cache` as the user's cache folder.
    fn restored(&self, precision: &str, cache: &Path) -> Vec<u8> {
        let (bytes, said) = self.told(precision, cache);
        assert!(said.is_empty(), "{said}");
        bytes
    }

    /// Whether this processor computes in `precision`; the command says if it does not.
    fn has(&self, precision: &str) -> bool {
        let (_, said) = self.told(precision, &self.folder.path().join("another"));
        let refused = said.contains(&format!("{precision} is not used"));
        assert!(refused || said.is_empty(), "{said}");
        !refused
    }

    /// The same, with what is said on standard error.
    fn told(&self, precision: &str, cache: &Path) -> (Vec<u8>, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_ddrmjpeg"))
            .args([
                "restore",
                "in.jpg",
                "-o",
                "out.ppm",
                "--device",
                "cpu",
                "--precision",
                precision,
            ])
            .current_dir(self.folder.path())
            .env_remove("DDRMJPEG_CACHE")
            .env("XDG_CACHE_HOME", cache)
            .env("HOME", self.folder.path())
            .stdin(Stdio::null())
            .output()
            .expect("the binary was built for this test");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        (fs::read(self.folder.path().join("out.ppm")).unwrap(), said)
    }

    /// The files of the cache.
    fn files(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.cache().join("ddrmjpeg")) else {
            return Vec::new();
        };
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    /// The one file of the cache, and what is in it.
    fn verdict(&self) -> (PathBuf, String) {
        let files = self.files();
        let [file] = files.as_slice() else {
            panic!("{files:?}");
        };
        (file.clone(), fs::read_to_string(file).unwrap())
    }
}

/// `verdict` with another first line.
fn changed(verdict: &str, word: &str) -> String {
    let (_, machine) = verdict.split_once('\n').unwrap();
    format!("{word}\n{machine}")
}

#[test]
fn every_process_goes_by_the_first_ones_verdict() {
    let home = Home::new();
    let cache = home.cache();
    let [has_bf16, has_int8] = ["bf16", "int8"].map(|precision| home.has(precision));
    #[cfg(target_arch = "x86_64")]
    {
        assert!(has_bf16 || !std::arch::is_x86_feature_detected!("avx512bw"));
        assert!(has_int8 || !std::arch::is_x86_feature_detected!("avx512vnni"));
    }
    let f32 = home.restored("f32", &cache);
    let bf16 = match has_bf16 {
        true => home.restored("bf16", &cache),
        false => Vec::new(),
    };
    assert_ne!(f32, bf16, "the picture tells nothing");
    // What is asked for is not tried.
    assert_eq!(home.files(), Vec::<PathBuf>::new());
    let found = home.restored("auto", &cache);
    let (file, verdict) = home.verdict();
    // Eight bits are in the arithmetic that the verdict names.
    let pixels = |verdict: &str| {
        fs::write(&file, verdict).unwrap();
        match verdict.lines().next().unwrap() {
            "f32" => f32.clone(),
            "bf16" => bf16.clone(),
            "f32 int8" | "bf16 int8" => home.restored("int8", &cache),
            other => panic!("{other}"),
        }
    };
    assert!(found == pixels(&verdict));
    let words = ["f32", "bf16", "f32 int8", "bf16 int8"].into_iter();
    let words = words.filter(|word| {
        (has_bf16 || !word.contains("bf16")) && (has_int8 || !word.contains("int8"))
    });
    for word in words {
        let verdict = changed(&verdict, word);
        let wanted = pixels(&verdict);
        assert!(home.restored("auto", &cache) == wanted, "{verdict}");
        assert_eq!(home.verdict(), (file.clone(), verdict));
    }
    // And f32 and bf16 do not ask the file.
    assert!(home.restored("f32", &cache) == f32);
    assert!(!has_bf16 || home.restored("bf16", &cache) == bf16);
    // What is no verdict is replaced by one.
    fs::write(&file, "b").unwrap();
    let found = home.restored("auto", &cache);
    let (again, verdict) = home.verdict();
    assert_eq!(again, file);
    assert!(verdict.contains("\noneDNN: "), "{verdict}");
    assert!(found == pixels(&verdict));
}

/// A folder that nobody can write into, the superuser neither, and one that may not be written into.
#[test]
fn a_cache_that_cannot_be_written_is_no_error() {
    let home = Home::new();
    let cache = home.cache();
    fs::create_dir(&cache).unwrap();
    let mut rights = fs::metadata(&cache).unwrap().permissions();
    rights.set_readonly(true);
    fs::set_permissions(&cache, rights).unwrap();
    let file = home.folder.path().join("in.jpg");
    for cache in [
        cache.as_path(),
        &file,
        Path::new("/proc"),
        Path::new("relative"),
    ] {
        let found = home.restored("auto", cache);
        assert!(found.starts_with(b"P6"), "{}", cache.display());
    }
    assert!(!home.folder.path().join("relative").exists());
}

/// What oneDNN is told to be content with stands for a processor that has no more.
#[test]
fn old_processors_restore_too() {
    let home = Home::new();
    let restored = |instructions: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_ddrmjpeg"))
            .args([
                "restore",
                "in.jpg",
                "-o",
                "out.ppm",
                "--overwrite",
                "--device",
                "cpu",
            ])
            .args(["--model", "nano"])
            .current_dir(home.folder.path())
            .env("DDRMJPEG_CACHE", home.cache())
            .env("ONEDNN_MAX_CPU_ISA", instructions)
            .stdin(Stdio::null())
            .output()
            .expect("the binary was built for this test");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{instructions}: {said}");
        fs::read(home.folder.path().join("out.ppm")).unwrap()
    };
    let wanted = restored("AVX512_CORE_BF16");
    for instructions in ["AVX512_CORE_VNNI", "AVX512_CORE", "AVX2", "SSE41"] {
        let found = restored(instructions);
        let far = |(a, b): (&u8, &u8)| a.abs_diff(*b);
        let worst = found.iter().zip(&wanted).map(far).max().unwrap();
        assert!(
            found.len() == wanted.len() && worst <= 12,
            "{instructions}: {worst}"
        );
    }
}
