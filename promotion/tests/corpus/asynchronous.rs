//! title: cells that await
//! target: pages
//! verdict: promotes
//! stages-cells: 2 3
//! outside: 1

// %% 1
async fn fetch(page: u32) -> String {
    ironbook::tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    format!("page {page}")
}
// %% 2
let first = fetch(1).await;
// %% 3
let pages = {
    let (second, third) = ironbook::tokio::join!(fetch(2), fetch(3));
    vec![first, second, third]
};
