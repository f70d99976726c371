use std::io;
use std::sync::{Arc, Mutex};

use indicatif::TermLike;

use super::super::testing::{path, planned, started, tell};
use super::*;

fn file(name: &str, len: u64, written: u64, verified: u64) -> FileSample {
    FileSample {
        path: path(name),
        len,
        written,
        verified,
        is_fetch: true,
    }
}

fn sample() -> Sample {
    Sample {
        total: Some(16_400_000_000),
        on_disk: 7_400_000_000,
        verified: 7_000_000_000,
        fetched: 7_400_000_000,
        rate: Some(98_200_000),
        eta: Some(Duration::from_secs(92)),
        files: 12,
        verified_files: 7,
        in_flight: vec![
            file(
                "model-00001-of-00005.safetensors",
                4_900_000_000,
                3_100_000_000,
                3_000_000_000,
            ),
            file(
                "onnx/a/rather/deep/folder/model_quantized.onnx",
                90_000,
                90_000,
                45_000,
            ),
            FileSample {
                is_fetch: false,
                ..file("模型/文件.bin", 1000, 1000, 500)
            },
        ],
    }
}

#[test]
fn eighty_columns() {
    assert_eq!(
        screen("", &sample(), 80),
        [
            " 45% [========>          ]  7.4 / 16.4 GB  98.2 MB/s  1m 32s left  verified 42%",
            "  model-00001-of-00005.safetensors           3.1 / 4.9 GB   63%  verified   61%",
            "  …er/deep/folder/model_quantized.onnx     90.0 / 90.0 kB  100%  verifying  50%",
            "  模型/文件.bin                              0.5 / 1.0 kB   50%  checking   50%",
        ]
    );
}

#[test]
fn fifty_columns() {
    assert_eq!(
        screen("", &sample(), 50),
        [
            " 45%  7.4 / 16.4 GB  98.2 MB/s  1m 32s left",
            "  …001-of-00005.safetensors   63%  verified   61%",
            "  …der/model_quantized.onnx  100%  verifying  50%",
            "  模型/文件.bin               50%  checking   50%",
        ]
    );
}

#[test]
fn no_width_is_exceeded() {
    let mut many = sample();
    for number in 0..9 {
        many.in_flight
            .push(file(&format!("{number}/{}", "x".repeat(200)), 10, 1, 1));
    }
    for width in 12..200 {
        let lines = screen("a/b at 1110a243fdf4", &many, width);
        assert_eq!(lines.len(), 7);
        for line in lines {
            assert!(line.width() < width, "{width}: {line}");
        }
    }
}

#[test]
fn before_the_plan_there_is_a_word() {
    assert_eq!(
        screen("asking the hub", &Sample::default(), 80),
        ["asking the hub"]
    );
}

#[test]
fn bars_and_remarks_reach_the_terminal() {
    let term = Record::default();
    let mut bars = Bars::on(
        ProgressDrawTarget::term_like(Box::new(term.clone())),
        Vec::new(),
    );
    let mut board = Board::default();
    tell(&mut bars, &mut board, 0, &planned(1, 0, 0, 100));
    tell(&mut bars, &mut board, 0, &started("a.bin", 0, 100).0);
    bars.tick(Duration::from_secs(1), &mut board);
    let notice = Event::Notice("links are refused".into());
    tell(&mut bars, &mut board, 2, &notice);
    bars.finish();
    let written = term.0.lock().unwrap().clone();
    for part in ["0 / 100 B", "a.bin", "links are refused"] {
        assert!(written.contains(part), "{part}: {written}");
    }
}

#[test]
fn a_hub_that_echoes_the_token_does_not_get_it_shown() {
    let term = Record::default();
    let mut bars = Bars::on(
        ProgressDrawTarget::term_like(Box::new(term.clone())),
        vec![SecretString::from("hf_s3cr3t")],
    );
    let again = Event::Retrying {
        path: None,
        cause: "no hf_s3cr3t here".into(),
        wait: Duration::ZERO,
    };
    tell(&mut bars, &mut Board::default(), 0, &again);
    bars.finish();
    let written = term.0.lock().unwrap().clone();
    assert!(written.contains("no *** here"), "{written}");
    assert!(!written.contains("s3cr3t"), "{written}");
}

/// A terminal that keeps what was written and ignores where.
#[derive(Clone, Debug, Default)]
struct Record(Arc<Mutex<String>>);

impl TermLike for Record {
    fn width(&self) -> u16 {
        80
    }

    fn move_cursor_up(&self, _n: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_down(&self, _n: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_right(&self, _n: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_left(&self, _n: usize) -> io::Result<()> {
        Ok(())
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.write_str(text)
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.0.lock().unwrap().push_str(text);
        Ok(())
    }

    fn clear_line(&self) -> io::Result<()> {
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}
