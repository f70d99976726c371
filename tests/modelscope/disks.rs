//! The two caches on different disks: each has a store beside it, and all commands look at both.

use super::*;

#[test]
fn both_stores_are_listed_verified_and_cleared() {
    let (_hub, larder) = plain();
    let shm = Path::new("/dev/shm");
    let of = |path: &Path| std::os::unix::fs::MetadataExt::dev(&fs::metadata(path).unwrap());
    if !shm.is_dir() || of(shm) == of(larder.home()) {
        return;
    }
    let other = tempfile::tempdir_in(shm).unwrap();
    let cache = other.path().join("ms");
    fs::create_dir(&cache).unwrap();
    let call = |args: &[&str]| larder.args(args).env("MODELSCOPE_CACHE", &cache);
    let run = |args: &[&str]| call(args).run().succeeded();
    run(&["pull", ID]);
    let pulled = run(&["pull", &ms(ID)]);
    assert!(Path::new(pulled.line()).starts_with(&cache));
    let env = run(&["env"]).stdout;
    assert!(
        env.contains(&format!("{}/", other.path().display())),
        "{env}"
    );
    let count = || run(&["ls", "--json"]).json().as_array().unwrap().len();
    assert_eq!(count(), 2);
    for reference in [ID, &ms(ID)] {
        run(&["show", reference]);
        assert_eq!(run(&["verify", reference, "--json"]).json()["commits"], 1);
    }
    assert_eq!(run(&["verify", "--json"]).json()["commits"], 2);
    let config = Path::new(pulled.line()).join("config.json");
    fs::remove_file(&config).unwrap();
    assert_eq!(call(&["verify"]).run().code, Some(6));
    run(&["verify", "--repair"]);
    assert!(config.exists());
    let gone = run(&["rm", "--yes", "--json", ID, &ms(ID)]).json();
    assert_eq!(gone["commits"].as_array().unwrap().len(), 2);
    assert!(!config.exists());
    assert_eq!(count(), 0);
    run(&["prune", "--yes"]);
}
