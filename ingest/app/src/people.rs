//! `marsad user`, `marsad token` and `marsad audit`: who may see and do what, and what was done.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use ports::{AuditRow, AuditVerdict, Made, NewToken, NewUser, Role, Token, User};
use serde::Deserialize;
use serde_json::{Value, json};
use settings::Settings;

use crate::city::{City, Purpose, encoded, whole};
use crate::cli::Common;
use crate::failure::{Code, Failure, unwritable};

/// Characters of a password that the program makes: 80 bits.
const MADE: usize = 20;
/// Rows of the audit asked for at once.
const PAGE: usize = 1000;

#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Enter a user; the first one is an admin, and from then on everybody signs in
    #[command(after_help = "Examples:
  marsad user add nadia --role admin                            a password is made and printed, this once
  marsad user add arma-1 --role contractor --contractor ARMA --password-file arma.password
  marsad user add officer-1 --role officer --password-file -        the first line of standard input")]
    Add(Add),
    /// Show users
    List,
    /// Take the second factor of a user away, whose telephone and recovery codes are gone
    ResetSecondFactor {
        /// Whose
        name: String,
    },
    /// Take a user out: its sessions end, and the tokens that it made
    Remove {
        /// Which
        name: String,
    },
    /// Give a user another password: its sessions end, and it is no longer locked
    Password {
        /// Whose
        name: String,
        #[command(flatten)]
        from: PasswordFrom,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Add {
    /// By which they sign in: a to z, digits and . _ - @
    name: String,
    /// What they are: contractor, officer, engineer, dpo or admin
    #[arg(long, value_name = "ROLE")]
    role: Role,
    /// Of a contractor: its name in the table of territories
    #[arg(long, value_name = "NAME")]
    contractor: Option<String>,
    /// Of a contractor, officer or engineer who sees a part of the city: whose, by the name of the tenant
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,
    #[command(flatten)]
    from: PasswordFrom,
}

#[derive(Debug, Args)]
pub(crate) struct PasswordFrom {
    /// File whose first line is the password, - for standard input [default: one is made and printed]
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token for a program; it is printed this once
    #[command(after_help = "Examples:
  marsad token make grafana --role officer --hours 720
  marsad token make handheld --role contractor --contractor ARMA --write --hours 24

It goes into a header: Authorization: Bearer TOKEN. Commands on another machine take it from MARSAD_TOKEN.")]
    Make(MakeToken),
    /// Show tokens, without their secrets
    List,
    /// End a token now
    Revoke {
        /// Its number
        id: u64,
    },
}

#[derive(Debug, Args)]
pub(crate) struct MakeToken {
    /// What it is for
    name: String,
    /// What its bearer is: contractor, officer, engineer, dpo or admin
    #[arg(long, value_name = "ROLE")]
    role: Role,
    /// Of a contractor: its name in the table of territories
    #[arg(long, value_name = "NAME")]
    contractor: Option<String>,
    /// Of a contractor, officer or engineer who sees a part of the city: whose, by the name of the tenant
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,
    /// It may change things too, and not only look
    #[arg(long)]
    write: bool,
    /// How long it holds
    #[arg(long, default_value_t = 1)]
    hours: u32,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Show what was done: signing in, what was denied, acts, settings, what was carried away
    List {
        /// Rows behind this number
        #[arg(long, default_value_t = 0, value_name = "NUMBER")]
        after: u64,
        /// At most this many
        #[arg(long, default_value_t = 1000)]
        limit: usize,
    },
    /// Look whether every row is as it was written; exit 1 where one is not
    #[command(
        after_help = "Each row carries a hash over itself and the row before. The hash of the last row, kept elsewhere, proves later that
nothing was cut off the end."
    )]
    Verify,
    /// Write all of it out, for another system
    #[command(after_help = "Examples:
  marsad audit export > audit.ndjson
  marsad audit export --format syslog | logger --server siem.example")]
    Export {
        /// How rows are written
        #[arg(long, value_enum, default_value = "ndjson")]
        format: AuditFormat,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AuditFormat {
    /// One JSON object a line
    Ndjson,
    /// RFC 5424
    Syslog,
}

/// The password, and whether it was made here.
fn password(from: &PasswordFrom) -> Result<(String, bool), Failure> {
    let Some(file) = &from.password_file else {
        let made = access::fresh().map_err(|e| Failure::new(Code::Failed, e.to_string()))?;
        return Ok((made.chars().take(MADE).collect(), true));
    };
    let unreadable = |cause: io::Error| Failure::new(Code::Failed, format!("{} cannot be read: {cause}", file.display()));
    let text = if file == Path::new("-") {
        let mut text = String::new();
        io::stdin().lock().read_to_string(&mut text).map_err(unreadable)?;
        text
    } else {
        std::fs::read_to_string(file).map_err(unreadable)?
    };
    Ok((text.lines().next().unwrap_or_default().to_owned(), false))
}

/// One object for machines, one line for people.
pub(crate) fn told(common: &Common, object: &Value, line: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    if common.json { writeln!(out, "{object}") } else { writeln!(out, "{line}") }.map_err(unwritable)
}

/// `marsad user`
pub(crate) async fn user(settings: &Settings, common: &Common, command: UserCommand) -> Result<(), Failure> {
    match command {
        UserCommand::Add(Add { name, role, contractor, tenant, from }) => {
            let (password, made) = password(&from)?;
            let city = City::reach(settings, common, Purpose::Change).await?;
            let new = NewUser { name, role, contractor, tenant, password: password.clone() };
            let user: User = city.order("/api/v1/users", &new).await?;
            let mut object = json!(user);
            if made {
                object["password"] = json!(password);
            }
            let shown = if made { format!("; the password, shown this once: {password}") } else { String::new() };
            told(common, &object, &format!("{} is {} now{shown}", user.name, user.role))
        }
        UserCommand::List => users(settings, common).await,
        UserCommand::Remove { name } => {
            let city = City::reach(settings, common, Purpose::Change).await?;
            let _: Value = city.order(&format!("/api/v1/users/{}/remove", encoded(&name)), &json!({})).await?;
            told(common, &json!({ "removed": name }), &format!("{name} is no user any more"))
        }
        UserCommand::ResetSecondFactor { name } => {
            let city = City::reach(settings, common, Purpose::Change).await?;
            let _: Value = city.order(&format!("/api/v1/users/{}/second-factor/reset", encoded(&name)), &json!({})).await?;
            told(common, &json!({ "reset": name }), &format!("{name} is not asked for a second factor any more"))
        }
        UserCommand::Password { name, from } => {
            let (password, made) = password(&from)?;
            let city = City::reach(settings, common, Purpose::Change).await?;
            let path = format!("/api/v1/users/{}/password", encoded(&name));
            let _: Value = city.order(&path, &json!({ "password": password })).await?;
            let object = if made { json!({ "changed": name, "password": password }) } else { json!({ "changed": name }) };
            let shown = if made { format!(", shown this once: {password}") } else { String::new() };
            told(common, &object, &format!("{name} has another password{shown}"))
        }
    }
}

async fn users(settings: &Settings, common: &Common) -> Result<(), Failure> {
    let users: Vec<User> = City::reach(settings, common, Purpose::Ask).await?.rows("/api/v1/users", "users").await?;
    if users.is_empty() {
        eprintln!("no users: on a loopback address everybody on this machine may do everything");
    }
    for user in users {
        let seen = user.last_seen.map_or_else(|| "never".to_owned(), |at| at.to_string());
        let locked = user.locked_until.map_or_else(String::new, |until| format!("  locked until {until}"));
        let contractor = user.contractor.as_deref().unwrap_or("-");
        let tenant = user.tenant.as_deref().map_or_else(String::new, |tenant| format!("  tenant {tenant}"));
        let directory = if user.directory { "  by the directory" } else { "" };
        let factors = if user.second_factor { "  second factor" } else { "" };
        let line = format!(
            "{:<24}  {:<10}  {contractor:<12}  last seen {seen}{tenant}{directory}{locked}{factors}",
            user.name, user.role
        );
        told(common, &json!(user), &line)?;
    }
    Ok(())
}

/// `marsad token`
pub(crate) async fn token(settings: &Settings, common: &Common, command: TokenCommand) -> Result<(), Failure> {
    match command {
        TokenCommand::Make(MakeToken { name, role, contractor, tenant, write, hours }) => {
            let city = City::reach(settings, common, Purpose::Change).await?;
            let new = NewToken { name, role, contractor, tenant, read_only: !write, hours };
            let made: Made<Token> = city.order("/api/v1/tokens", &new).await?;
            eprintln!("token {} for {}, until {}; shown this once:", made.what.id, made.what.name, made.what.expires_at);
            told(common, &json!(made), &made.secret)
        }
        TokenCommand::List => tokens(settings, common).await,
        TokenCommand::Revoke { id } => {
            let city = City::reach(settings, common, Purpose::Change).await?;
            let _: Value = city.order(&format!("/api/v1/tokens/{id}/revoke"), &json!({})).await?;
            told(common, &json!({ "revoked": id }), &format!("token {id} is revoked"))
        }
    }
}

async fn tokens(settings: &Settings, common: &Common) -> Result<(), Failure> {
    let tokens: Vec<Token> = City::reach(settings, common, Purpose::Ask).await?.rows("/api/v1/tokens", "tokens").await?;
    if tokens.is_empty() {
        eprintln!("no tokens");
    }
    for token in tokens {
        let ends = token.revoked_at.map_or_else(|| format!("until {}", token.expires_at), |at| format!("revoked {at}"));
        let may = if token.read_only { "look" } else { "change" };
        told(common, &json!(token), &format!("{:<6}  {:<24}  {:<10}  {may:<6}  {ends}", token.id, token.name, token.role))?;
    }
    Ok(())
}

/// `marsad audit`
pub(crate) async fn audit(settings: &Settings, common: &Common, command: AuditCommand) -> Result<(), Failure> {
    let city = City::reach(settings, common, Purpose::Ask).await?;
    match command {
        AuditCommand::List { after, limit } => {
            #[derive(Deserialize)]
            struct Rows {
                rows: Vec<AuditRow>,
            }
            let Rows { rows } = city.object(&format!("/api/v1/audit?after={after}&limit={limit}")).await?;
            for row in rows {
                let address = row.address.as_deref().unwrap_or("-");
                let line = format!(
                    "{:<6}  {}  {:<16}  {address:<15}  {:<8}  {}  {}",
                    row.number, row.at, row.who, row.event, row.what, row.outcome
                );
                told(common, &json!(row), &line)?;
            }
            Ok(())
        }
        AuditCommand::Verify => {
            let verdict: AuditVerdict = city.object("/api/v1/audit/verify").await?;
            let line = format!("{} rows are as they were written; head {}", verdict.rows, verdict.head);
            match &verdict.broken {
                None => told(common, &json!(verdict), &line),
                Some((row, why)) => Err(Failure::new(Code::Failed, format!("row {row} of the audit: {why}"))
                    .hint("rows before it are as they were written; compare with an export or a backup")),
            }
        }
        AuditCommand::Export { format } => {
            let format = match format {
                AuditFormat::Ndjson => "ndjson",
                AuditFormat::Syslog => "syslog",
            };
            export(&city, format).await
        }
    }
}

/// Page by page, until one is not full.
async fn export(city: &City, format: &str) -> Result<(), Failure> {
    let (mut after, mut out) = (0, io::stdout().lock());
    loop {
        let text = whole(city.ask(&format!("/api/v1/audit?after={after}&limit={PAGE}&format={format}")).await?).await?;
        out.write_all(&text).map_err(unwritable)?;
        // Numbers have no gaps.
        let rows = text.iter().filter(|byte| **byte == b'\n').count();
        after += rows;
        if rows < PAGE {
            return out.flush().map_err(unwritable);
        }
    }
}
