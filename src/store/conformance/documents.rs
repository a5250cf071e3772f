//! Documents under a revision, and queues.

use super::Make;
use crate::store::Revised;

pub(crate) fn a_document_is_replaced_only_by_who_knows_it(make: Make<'_>) {
    let world = make();
    let (a, b) = (world.view(), world.view());
    assert_eq!(a.document("alerts", 0).unwrap(), None);
    assert_eq!(a.set_document("alerts", 7, "early").unwrap(), None, "nobody has seen a seventh revision");
    let first = a.set_document("alerts", 0, "one").unwrap().unwrap();
    assert_eq!(b.set_document("alerts", 0, "blind").unwrap(), None);
    assert_eq!(b.document("alerts", 0).unwrap(), Some(Revised { revision: first, text: "one".into() }));
    let second = b.set_document("alerts", first, "two").unwrap().unwrap();
    assert_ne!(first, second);
    assert_eq!(a.set_document("alerts", first, "late").unwrap(), None);
    assert_eq!(a.document("alerts", first).unwrap().map(|d| d.text), Some("two".into()));
    assert_eq!(a.document("alerts", second).unwrap(), None, "nothing new");
    assert_eq!(a.document("other", 0).unwrap(), None);
}

pub(crate) fn posts_stay_until_they_are_dropped(make: Make<'_>) {
    let world = make();
    let (a, b) = (world.view(), world.view());
    let texts = |queue: &str| -> Vec<String> { b.posts(queue).unwrap().into_iter().map(|p| p.text).collect() };
    let before = a.version().unwrap();
    for text in ["x", "y"] {
        a.post("alerts", text).unwrap();
    }
    a.post("other", "z").unwrap();
    assert_ne!(a.version().unwrap(), before);
    assert_eq!((texts("alerts"), texts("other")), (vec!["x".to_owned(), "y".into()], vec!["z".to_owned()]));
    let first = b.posts("alerts").unwrap()[0].id;
    b.drop_posts("alerts", first).unwrap();
    assert_eq!(texts("alerts"), ["y"]);
    let last = b.posts("alerts").unwrap()[0].id;
    b.drop_posts("alerts", last).unwrap();
    a.post("alerts", "later").unwrap();
    assert!(b.posts("alerts").unwrap()[0].id > last, "a number is never given twice");
    for i in 0..1100 {
        a.post("alerts", &i.to_string()).unwrap();
    }
    let kept = texts("alerts");
    assert_eq!((kept.len(), kept.last().map(String::as_str)), (1000, Some("1099")));
}
