//! How a step is called on a page.

use super::harmless;

/// Returns the title of one step; a branch of an `on_each` bears the name of its item: `[r1]`.
pub fn label(title: &str) -> String {
    harmless::line(branch(title).unwrap_or(title))
}

/// Returns where something stands: `Move / Copy the files`.
pub fn place(path: &[String]) -> String {
    path.iter().map(|p| label(p)).collect::<Vec<_>>().join(" / ")
}

/// Returns the title of the last of these steps, behind the branch that it stands in: `[r1] Stop it`.
pub fn heading(path: &[String]) -> String {
    let branches = path.iter().rev().skip(1).take_while(|p| branch(p).is_some()).count();
    let titles = path.get(path.len().saturating_sub(branches + 1)..).unwrap_or_default();
    titles.iter().map(|p| label(p)).collect::<Vec<_>>().join(" ")
}

/// `[h1]` of `on_each 3 [h1]`.
fn branch(title: &str) -> Option<&str> {
    let (number, item) = title.strip_prefix("on_each ")?.split_once(' ')?;
    let is_branch = number.chars().all(|c| c.is_ascii_digit()) && item.starts_with('[') && item.ends_with(']');
    is_branch.then_some(item)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_is_called_by_its_item() {
        let path = ["Routers", "on_each 12 [r1 (2)]", "on_each day"].map(str::to_owned);
        assert_eq!(place(&path), "Routers / [r1 (2)] / on_each day");
        assert_eq!(heading(&path), "[r1 (2)] on_each day");
        assert_eq!((heading(&path[..1]), heading(&[])), ("Routers".into(), String::new()));
    }
}
