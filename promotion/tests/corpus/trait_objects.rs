//! title: boxed trait objects go between cells
//! target: total
//! verdict: promotes
//! stages-cells: 2 3
//! outside: 1
//! merged: 2 3

// %% 1
trait Shape { fn area(&self) -> f64; }
struct Square(f64);
struct Circle(f64);
impl Shape for Square { fn area(&self) -> f64 { self.0 * self.0 } }
impl Shape for Circle { fn area(&self) -> f64 { 3.0 * self.0 * self.0 } }
// %% 2
let shapes: Vec<Box<dyn Shape>> = vec![Box::new(Square(2.0)), Box::new(Circle(1.0))];
// %% 3
let total: f64 = shapes.iter().map(|shape| shape.area()).sum();
