//! How the service behaves: every point that the contract leaves open is a switch here.

use serde::{Deserialize, Serialize};

use super::model::{Roster, Workload};

/// All switches. Missing ones have their defaults; unknown ones are errors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SimOptions {
    /// What cannot change while the service runs.
    pub model: ModelOptions,
    /// The one account; `acme` unless told.
    pub user_name: String,
    /// Its key; `sim-key` unless told. Not a secret: it opens nothing but this.
    pub api_key: String,
    /// The account's setting 'API Authentication'; tokens unless told.
    pub auth: AuthSetting,
    /// Which method the AHT route takes; POST unless told. Tokens are always had by POST.
    pub methods: Methods,
    /// What a wrong method is answered; 405 unless told, always with an empty body.
    pub wrong_method_status: u16,
    /// Where the payload of a success lies.
    pub shape: Shape,
    /// The vocabulary of `status`.
    pub status_words: StatusWords,
    /// The HTTP status of errors.
    pub error_status: ErrorStatus,
    /// How errors are worded.
    pub wording: Wording,
    /// How "no calls in two hours" is said.
    pub no_calls: NoCallsForm,
    /// Requests in a minute; 50 unless told.
    pub limit_per_minute: u32,
    /// Whose requests are counted together.
    pub limit_scope: LimitScope,
    /// What a minute is.
    pub limit_window: LimitWindow,
    /// Whether requests that are answered with an error (throttled ones too) count; true unless told.
    pub count_failures: bool,
    /// Whether token requests count and can be throttled; true unless told.
    pub count_tokens: bool,
    /// Whether a throttled request is told `Retry-After`; false unless told.
    pub retry_after: bool,
    /// What a token looks like.
    pub token_form: TokenForm,
    /// `message` beside a good token; empty unless told.
    pub token_message: String,
    /// Life of a token in seconds; 3600 unless told.
    pub token_life_s: u32,
    /// Generations in a rolling hour, those of other clients included; 10 unless told.
    pub generations_per_hour: u32,
    /// What one generation more is answered.
    pub eleventh: Eleventh,
    /// What a generation is answered that comes while another one is under way.
    pub parallel: Parallel,
    /// What is said of a token that is dead or unknown.
    pub dead_token: DeadToken,
    /// The value is computed anew every so many seconds; 0, the default, is with each request.
    pub recompute_s: u32,
    /// How far back calls count, in seconds; 7200 unless told.
    pub window_s: u32,
    /// Whether the case of ids matters; true unless told.
    pub case_sensitive_ids: bool,
    /// How the account answers who asks who is logged in; given unless told.
    pub logins: ListAccess,
    /// How it answers who asks for its campaigns; given unless told.
    pub campaigns: ListAccess,
    /// The words of an agent's state.
    pub login_words: LoginWords,
    /// How it is said that nobody is logged in.
    pub nobody: NobodyForm,
    /// For so many of a hundred agents the list says the opposite of what is so; 0 unless told.
    pub logins_wrong_percent: u32,
    /// The list is so many seconds old when it is told; 0 unless told.
    pub logins_late_s: u32,
    /// Requests in a minute for each of the lists; 5 unless told.
    pub lists_per_minute: u32,
    /// Whether they count in the account's limit; true unless told.
    pub count_lists: bool,
    /// How long an answer takes.
    pub latency: Latency,
    /// How many requests the log remembers; 100,000 unless told. The counters forget nothing.
    pub log_capacity: usize,
}

impl Default for SimOptions {
    fn default() -> Self {
        SimOptions {
            model: ModelOptions::default(),
            user_name: "acme".into(),
            api_key: "sim-key".into(),
            auth: AuthSetting::default(),
            methods: Methods::default(),
            wrong_method_status: 405,
            shape: Shape::default(),
            status_words: StatusWords::default(),
            error_status: ErrorStatus::default(),
            wording: Wording::default(),
            no_calls: NoCallsForm::default(),
            limit_per_minute: 50,
            limit_scope: LimitScope::default(),
            limit_window: LimitWindow::default(),
            count_failures: true,
            count_tokens: true,
            retry_after: false,
            token_form: TokenForm::default(),
            token_message: String::new(),
            token_life_s: 3600,
            generations_per_hour: 10,
            eleventh: Eleventh::default(),
            parallel: Parallel::default(),
            dead_token: DeadToken::default(),
            recompute_s: 0,
            window_s: 7200,
            case_sensitive_ids: true,
            logins: ListAccess::default(),
            campaigns: ListAccess::default(),
            login_words: LoginWords::default(),
            nobody: NobodyForm::default(),
            logins_wrong_percent: 0,
            logins_late_s: 0,
            lists_per_minute: 5,
            count_lists: true,
            latency: Latency::default(),
            log_capacity: 100_000,
        }
    }
}

/// What the call centre is made from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModelOptions {
    /// From which everything random follows, latencies too; 1 unless told.
    pub seed: u64,
    /// For how long the call centre has worked when the service starts, in seconds; 6 h unless told.
    pub lead_s: u32,
    pub roster: RosterChoice,
    /// Whether names are in their own scripts instead of in Latin letters.
    pub scripts: bool,
    /// How the work flows.
    pub workload: Workload,
}

impl Default for ModelOptions {
    fn default() -> Self {
        ModelOptions {
            seed: 1,
            lead_s: 6 * 3600,
            roster: RosterChoice::Demo,
            scripts: false,
            workload: Workload::default(),
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RosterChoice {
    /// [`Roster::demo`]
    #[default]
    Demo,
    /// [`Roster::generate`] from the seed; `around_the_clock`: day and night instead of in shifts.
    Generated { campaigns: usize, agents: usize, around_the_clock: bool },
}

impl ModelOptions {
    /// The roster that is meant.
    pub fn roster(&self) -> Roster {
        let roster = match self.roster {
            RosterChoice::Demo => Roster::demo(),
            RosterChoice::Generated { campaigns, agents, around_the_clock } => {
                let roster = Roster::generate(campaigns, agents, self.seed);
                if around_the_clock { roster.around_the_clock() } else { roster }
            }
        };
        if self.scripts { roster.in_scripts() } else { roster }
    }
}

/// Declares enums of switches: plain values, snake case in serde, the first one the default, all listed in `ALL`.
macro_rules! switches {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident,)+ })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$vdoc])* $variant,)+ }

        impl $name {
            /// Every choice, the default first.
            pub const ALL: &'static [$name] = &[$($name::$variant,)+];
        }

        impl Default for $name {
            fn default() -> Self {
                $name::ALL[0]
            }
        }
    )+};
}

switches! {
    /// The account's setting 'API Authentication'.
    AuthSetting {
        /// `TOKEN_AUTH`: the AHT route wants a bearer token.
        Token,
        /// `BASIC_AUTH`: it wants the header `apiKey`; a bearer token is answered `Missing userName or apiKey`.
        Basic,
    }

    /// Which method the AHT route takes.
    Methods {
        Post,
        /// GET alone, with a body.
        Get,
        Both,
    }

    /// Where the payload of a success lies.
    Shape {
        /// `"message": {…}`
        MessageObject,
        /// `"message": [{…}]`
        MessageArray,
        /// `"details": {…}` beside an empty `message`.
        DetailsObject,
        /// `"details": [{…}]` beside an empty `message`.
        DetailsArray,
        /// `"data": {…}` beside an empty `message`.
        Data,
        /// Beside `status`.
        TopLevel,
    }

    /// The vocabulary of `status`: good and bad.
    StatusWords {
        /// `"success"`, `"error"`
        Success,
        /// `"SUCCESS"`, `"FAIL"`
        Upper,
        /// `true`, `false`
        Bool,
        /// `"true"`, `"false"`
        Text,
        /// `"success"`, `"failure"`
        Failure,
        /// `"success"`, `"fail"`
        Fail,
    }

    /// The HTTP status of errors.
    ErrorStatus {
        /// 401 where a token or a key is not accepted, 200 for the others.
        Mixed,
        /// 200 for all.
        Ok,
        /// 401, 400 or 429.
        Real,
    }

    /// How errors are worded.
    Wording {
        /// As on the page of the AHT API.
        Page,
        /// As on its siblings: `Invalid campaignName`, `Max limit exceeded`, `Invalid userName or apiKey`.
        Sibling,
        /// The page's in capitals with odd white space; the limit's is `only 1 hit will be allowed …`.
        Odd,
    }

    /// How "no calls in two hours" is said.
    NoCallsForm {
        /// `"AHT": "00:00:00"`
        ZeroTime,
        /// `"AHT": null`
        Null,
        /// `"AHT": ""`
        Empty,
        /// No `AHT` beside id and name.
        Missing,
        /// An error `No Data Found`, always under HTTP 200.
        NoDataFound,
        /// A success with `"details": []`.
        EmptyDetails,
    }

    /// Whose requests are counted together.
    LimitScope {
        /// All of the account, other clients too.
        Account,
        /// Those with the same `userName`; other clients have their own.
        User,
        /// Those from the same address; other clients have theirs.
        Address,
    }

    /// What a minute is.
    LimitWindow {
        /// The last 60 s before each request.
        Sliding,
        /// Minutes since the service started.
        FixedMinute,
    }

    /// What a token looks like.
    TokenForm {
        /// A JWT with `exp`.
        JwtExp,
        /// A JWT without `exp`.
        JwtNoExp,
        /// Letters and digits.
        Opaque,
    }

    /// What one generation above the ceiling is answered.
    Eleventh {
        /// The wording of the limit.
        Limit,
        /// The living token once more, or the wording of the limit where none lives.
        SameToken,
        /// A success whose token is empty, with a message.
        EmptyToken,
        /// HTTP 500 with an HTML page.
        ServerError,
    }

    /// What a generation is answered that comes while another one is under way.
    Parallel {
        /// A token of its own, which kills the other.
        LastWins,
        /// The token of the one under way; it counts as one generation.
        SameToken,
        Refused,
    }

    /// How the account answers who asks for a list.
    ListAccess {
        Given,
        /// 401 `Missing userName or apiKey`, whatever comes along.
        MissingKey,
        /// What is said of a dead token, although the token lives.
        TokenExpired,
        /// 401 without a body.
        Bare401,
        /// 403 with the page of a gateway.
        Forbidden,
        /// 404 with the page of a gateway.
        NotFound,
        /// 405 without a body.
        WrongMethod,
        /// JSON that is no list.
        NotUnderstood,
        /// 500 with an HTML page.
        ServerError,
    }

    /// The words of an agent's state.
    LoginWords {
        /// `READY`, `BUSY`, `PAUSE`
        Upper,
        /// `READY`, `NOT READY`
        NotReady,
        /// `Ready`, `In Call`, `On Break - Tea`
        Spoken,
        /// Nothing, a number, an object, another script with controls.
        Odd,
    }

    /// How it is said that nobody is logged in.
    NobodyForm {
        /// A success with an empty list.
        EmptyList,
        /// An error `no record found`, under HTTP 200.
        NoRecord,
        /// The same under HTTP 404.
        NoRecord404,
    }

    /// What is said of a token that is dead or unknown.
    DeadToken {
        /// `Token Expired`
        Expired,
        /// `Invalid Token`
        Invalid,
        /// `token is invalid or expired`
        Wordy,
        /// HTTP 401 without a body, whatever [`ErrorStatus`] says.
        Bare401,
    }
}

/// How long an answer takes. The seed decides each one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Latency {
    /// Always so many milliseconds.
    Fixed(u32),
    /// Anything between, in milliseconds; 100 to 1000 unless told.
    Uniform { min_ms: u32, max_ms: u32 },
    /// Log-normal: half of the answers take longer than the median, one in fifty three times as long; at most 60 s.
    LongTail {
        /// In milliseconds.
        median_ms: u32,
    },
}

impl Default for Latency {
    fn default() -> Self {
        Latency::Uniform { min_ms: 100, max_ms: 1000 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_survive_a_round_trip_and_missing_ones_are_the_defaults() {
        let text = serde_json::to_string(&SimOptions::default()).unwrap();
        assert_eq!(serde_json::from_str::<SimOptions>(&text).unwrap(), SimOptions::default());
        let some: SimOptions = serde_json::from_str(
            r#"{"shape":"details_array","latency":{"fixed":5},
                "model":{"roster":{"generated":{"campaigns":2,"agents":9,"around_the_clock":true}}}}"#,
        )
        .unwrap();
        assert_eq!((some.shape, some.latency, some.limit_per_minute), (Shape::DetailsArray, Latency::Fixed(5), 50));
        assert_eq!(some.model.roster().agents.len(), 9);
        assert!(serde_json::from_str::<SimOptions>(r#"{"shap":"data"}"#).is_err());
    }
}
