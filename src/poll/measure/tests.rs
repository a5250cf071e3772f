//! The measurement against cases worked out by hand, and what must hold of the schedule over whole days.
