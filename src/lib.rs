//! `ahtop` is *top* for average handling time (AHT): it polls the AHT API for agents and campaigns within the
//! account's rate budget and shows them live.
//!
//! Floors, from the ground: `domain`; `config`; `api` and `store`; `alert` and `poll`; `app`; `ui` and `term`; `sim`,
//! `report`, `run` and `alerting`; `commands` and `cli`. A room imports only from lower floors.

pub mod alert;
pub mod alerting;
pub mod api;
pub mod app;
pub mod cli;
pub mod commands;
pub mod config;
pub mod domain;
pub mod exit;
pub mod poll;
pub mod report;
pub mod run;
pub mod sim;
pub mod store;
pub mod term;
pub mod ui;
pub mod web;
