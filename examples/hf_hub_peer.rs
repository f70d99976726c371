//! The `hf-hub` crate as a program, so that `scripts/bench` can measure it beside larder.
//!
//! `hf_hub_peer OWNER/NAME` downloads the files of `main` into the Hugging Face cache and prints the
//! folder. `HF_ENDPOINT` and `HF_HUB_CACHE` mean what they mean to the crate.

use std::error::Error;
use std::io::{self, Write};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let id = std::env::args()
        .nth(1)
        .ok_or("usage: hf_hub_peer OWNER/NAME")?;
    let (owner, name) = hf_hub::split_id(&id);
    let client = hf_hub::HFClient::new()?;
    let snapshot = client.model(owner, name).snapshot_download().send().await?;
    writeln!(io::stdout(), "{}", snapshot.display())?;
    Ok(())
}
