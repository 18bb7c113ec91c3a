//! A folder of classes: each folder in it is a class, pictures may lie deeper.

use super::dataset::{Dataset, Sample};
use super::error::{DataError, at};
use super::layout::Options;
use super::naming;
use super::report::{Reason, Report};
use super::source::{self, Source};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use walkdir::WalkDir;

/// Folders that file managers and archivers leave behind.
const LITTER: [&str; 2] = ["__MACOSX", "@eaDir"];

/// Whether a name is none of the data's: it begins with a dot, or is litter.
pub(super) fn hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".") || LITTER.iter().any(|litter| name == *litter)
}

/// Reads the classes and pictures of `root`; `classes` fixes names and numbers.
pub(super) fn read(root: &Path, classes: Option<&[String]>, options: &Options) -> Result<Dataset, DataError> {
    let mut report = Report::default();
    let mut folders = class_folders(root, &mut report)?;
    folders.sort_by(|a, b| options.order.compare(a, b));
    let found: Vec<String> = folders.iter().map(|name| name.to_string_lossy().into_owned()).collect();
    naming::index(&found, root)?;

    let root: Arc<Path> = root.into();
    let mut samples = Vec::new();
    for (label, folder) in folders.iter().enumerate() {
        for source in pictures(&root, folder, &mut report) {
            samples.push(Sample { source, label });
        }
    }
    let dataset = Dataset { classes: found, numbered: false, samples, report };
    match classes {
        Some(classes) => dataset.with_classes(classes),
        None => Ok(dataset),
    }
}

/// Names of the folders in `root`, links followed.
fn class_folders(root: &Path, report: &mut Report) -> Result<Vec<OsString>, DataError> {
    let mut folders = Vec::new();
    for entry in fs::read_dir(root).map_err(at(root))? {
        let name = entry.map_err(at(root))?.file_name();
        let path = root.join(&name);
        match fs::metadata(&path) {
            _ if hidden(&name) => report.pass(Reason::Hidden, path.display()),
            Ok(meta) if meta.is_dir() && holds(&path, root) => report.pass(Reason::LinkLoop, path.display()),
            Ok(meta) if meta.is_dir() => folders.push(name),
            Ok(_) if name == naming::CLASSES_FILE => {}
            Ok(_) => report.pass(Reason::OutsideClasses, path.display()),
            Err(error) => report.pass(why(&error), path.display()),
        }
    }
    Ok(folders)
}

/// Whether a folder is `root` or one above it, which only a link in `root` can be.
fn holds(folder: &Path, root: &Path) -> bool {
    let real = root.canonicalize();
    folder.is_symlink() && folder.canonicalize().is_ok_and(|folder| real.is_ok_and(|root| root.starts_with(folder)))
}

/// The pictures in and under a folder, in the order of their names, and what is none.
pub fn pictures_under(folder: &Path) -> (Vec<Source>, Report) {
    let mut report = Report::default();
    let found = pictures(&folder.into(), OsStr::new(""), &mut report);
    (found, report)
}

/// The pictures in and under one class folder, in the order of their names.
fn pictures(root: &Arc<Path>, class: &OsStr, report: &mut Report) -> Vec<Source> {
    let mut found = Vec::new();
    let mut walk = WalkDir::new(root.join(class)).follow_links(true).min_depth(1).sort_by_file_name().into_iter();
    while let Some(entry) = walk.next() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let place = error.path().unwrap_or(root).display().to_string();
                let reason = match error.io_error() {
                    Some(cause) => why(cause),
                    None => Reason::LinkLoop,
                };
                report.pass(reason, place);
                continue;
            }
        };
        if hidden(entry.file_name()) {
            report.pass(Reason::Hidden, entry.path().display());
            if entry.file_type().is_dir() {
                walk.skip_current_dir();
            }
        } else if entry.file_type().is_dir() {
        } else if entry.file_type().is_file() && source::may_be_picture(entry.path()) {
            found.push(Source::file(root.clone(), entry.path().strip_prefix(root).unwrap_or(entry.path())));
        } else {
            report.pass(Reason::NotAPicture, entry.path().display());
        }
    }
    found
}

fn why(error: &io::Error) -> Reason {
    if error.kind() == io::ErrorKind::NotFound { Reason::BrokenLink } else { Reason::Unreadable }
}
