//! What the command line reads: data folders and small values.

use credit_lab::base::{Error, Result};
use credit_lab::config::Task;
use credit_lab::data::{Dataset, IdxLoader};
use serde::de::DeserializeOwned;
use std::path::Path;
use std::sync::Arc;

/// The packed digits that `npm run build` makes.
const PACKED: &str = "www/public/data/mnist-10k.bin";
const STEMS: [&str; 4] = [
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
];

/// Reads an enum by its name in configurations.
pub fn named<T: DeserializeOwned>(text: &str) -> std::result::Result<T, String> {
    serde_json::from_value(serde_json::Value::String(text.into()))
        .map_err(|e| e.to_string().replace("unknown variant", "unknown value"))
}

/// Reads a task.
pub fn task(text: &str) -> std::result::Result<Task, String> {
    named(text)
}

fn bytes(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|e| Error::io(path.display().to_string(), &e))
}

/// The four official files in `folder` (plain or .gz), or the packed digits where no folder is given.
pub fn data(folder: Option<&Path>) -> Result<Arc<Dataset>> {
    let Some(folder) = folder else {
        let path = Path::new(PACKED);
        if !path.exists() {
            return Err(Error::data(
                PACKED,
                "not found; run `npm run build` once in this folder to make it, or give --data with the folder of the four MNIST files",
            ));
        }
        return Ok(Arc::new(Dataset::embedded(&bytes(path)?)?));
    };
    let mut loader = IdxLoader::new();
    for stem in STEMS {
        let names = [stem.to_string(), format!("{stem}.gz")];
        let found = names.iter().map(|name| folder.join(name)).find(|path| path.exists());
        let Some(path) = found else {
            return Err(Error::data(
                folder.display().to_string(),
                format!("holds neither {} nor {}", names[0], names[1]),
            ));
        };
        loader.add_file(path.display().to_string(), &bytes(&path)?)?;
    }
    Ok(Arc::new(loader.finish()?))
}
