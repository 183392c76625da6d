//! stub until merge
pub fn unified(_path: &str, _old: &[u8], _new: &[u8]) -> String {
    String::new()
}
