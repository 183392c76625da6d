-- The journal of mig, format 1. A newer format has a higher user_version and is refused.
-- Times are milliseconds since 1970, UTC. JSON is text.

create table run (
  id          text primary key,             -- twelve hex digits, random
  playbook    text not null,                -- as it was named on the command line
  file        text not null,                -- where its text came from
  state       text not null,                -- running, stopped, asking, done, rolling back, rolled back, finished
  why         text not null default '',     -- why it stopped, for people
  params      text not null,                -- JSON: the parameters, bound; secrets by name
  inventory   text not null,                -- the inventory's text, pinned
  inventory_file text not null,             -- where it came from
  lab         text not null default '',     -- the folder of the lab it runs in; empty outside
  version     text not null,                -- the mig that began it
  began_ms    integer not null,
  ended_ms    integer                       -- when it last stopped or ended
) strict;

create table script (
  run         text not null references run(id),
  name        text not null,                -- as imported; empty: the playbook itself
  file        text not null,                -- where the text came from
  text        text not null,                -- pinned: a resume runs this
  primary key (run, name)
) strict;

create table call (
  run         text not null references run(id),
  seq         integer not null,             -- the clock when it was made; also its name for people
  lane        text not null,                -- JSON list: the step path in which its lane began
  key         text not null,                -- JSON: path, number, name, args
  state       text not null,                -- begun, done, failed
  answer      text not null,                -- JSON: the answer, the failure, or a wait's deadline
  past        integer not null default 0,   -- 1: history, no longer answering
  began_ms    integer not null,
  ended_ms    integer not null default 0,
  primary key (run, seq)
) strict;

create table deed (
  run         text not null,
  seq         integer not null,             -- of its call
  n           integer not null,             -- its number within the call, from 0
  step        text not null,                -- JSON: the deed and its undo; long bytes by digest
  state       text not null,                -- planned, begun, done, failed, not done
  attempt     integer not null,             -- part of its token on the host
  at          integer not null,             -- the clock when it was last begun: rollback goes against it
  boot        text not null default '',     -- the boot id of its host when it was last begun
  undo        text not null default '',     -- how far its undo is: "begun N", "did N", "failed N", "done"
  undo_boot   text not null default '',     -- the boot id of its host when that was begun
  undo_attempt integer not null default 0,
  began_ms    integer not null default 0,
  ended_ms    integer not null default 0,
  primary key (run, seq, n),
  foreign key (run, seq) references call(run, seq)
) strict;

create table blob (
  sha256      text primary key,             -- of bytes too long to stand in a deed
  bytes       blob not null
) strict;

create table host (
  run         text not null references run(id),
  name        text not null,                -- as in the inventory
  record      text not null,                -- JSON: machine-id, boot id, host key, folder, marker
  primary key (run, name)
) strict;

create table step (
  run         text not null references run(id),
  path        text not null,                -- JSON list of titles, outermost first
  is_cutover  integer not null default 0,
  budget_ms   integer,                      -- of a cutover
  began_ms    integer not null,             -- the first time: a resume does not reset it
  ended_ms    integer,
  state       text not null default 'begun', -- begun, done, failed
  primary key (run, path)
) strict;

create table moment (
  run         text not null references run(id),
  n           integer not null,
  at_ms       integer not null,
  event       text not null,                -- JSON: notes, warnings, answers of the operator
  primary key (run, n)
) strict;
