//! In a lab nobody has to get up: what a playbook tells a person to do is done as `by_hand` in
//! lab.yml says, and every question is answered with yes.

use crate::contract::{Answer, Failure, Operator, Outcome, Question};
use crate::lab::{Answered, OpenLab};
use std::sync::Arc;
use std::time::Duration;

/// What ssh exits with when it did not reach the machine.
const UNREACHABLE: i32 = 255;
/// How often a machine that is away is tried again, four times a second.
const WAITS: u32 = 80;

pub struct LabHands {
    pub lab: OpenLab,
    pub person: Arc<dyn Operator>,
    /// Questions are answered here, not asked.
    pub yes: bool,
}

impl LabHands {
    /// Does what the text tells, where the lab knows how.
    fn does(&self, text: &str) -> Outcome<bool> {
        let mut any = false;
        for hand in self.lab.settings().by_hand.iter().filter(|h| text.contains(&h.says)) {
            any = true;
            for (host, on) in hand.power_off.iter().map(|h| (h, false)).chain(hand.power_on.iter().map(|h| (h, true))) {
                self.lab.power(host, on).map_err(|e| Failure::new(e.message))?;
            }
            if let Some(run) = &hand.run {
                let answered = self.at(&run.host, &run.command)?;
                if answered.code != 0 {
                    return Err(Failure::new(format!("by_hand: {}: exit code {}", run.command, answered.code)).into());
                }
            }
        }
        Ok(any)
    }

    /// A person before a machine that is just rebooting waits until it is up.
    fn at(&self, host: &str, command: &str) -> Outcome<Answered> {
        for _ in 0..WAITS {
            let answered = self.lab.command(host, command).map_err(|e| Failure::new(e.message))?;
            if answered.code != UNREACHABLE {
                return Ok(answered);
            }
            std::thread::sleep(Duration::from_millis(250));
        }
        self.lab.command(host, command).map_err(|e| Failure::new(e.message).into())
    }
}

impl Operator for LabHands {
    fn ask(&self, question: &Question) -> Outcome<Answer> {
        if let Question::Confirm { text, .. } = question {
            let done = self.does(text)?;
            if done || self.yes {
                return Ok(Answer::Yes);
            }
        }
        self.person.ask(question)
    }
    fn is_there(&self) -> bool {
        !self.yes && self.person.is_there()
    }
    fn instruct(&self, text: &str) -> Outcome<()> {
        self.does(text).map(drop)
    }
}
