//! Questions to a network that multiplies by ten, whose thread is a lock.

use super::*;
use std::thread::{scope, sleep};

const LONG: Duration = Duration::from_secs(600);

/// A number, and a kind: numbers of the same kind join.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Number(i32, char);

impl Joins for Number {
    fn joins(&self, other: &Self) -> bool {
        self.1 == other.1
    }

    /// Pairs.
    fn most(&self) -> usize {
        if self.1 == 'p' { 2 } else { usize::MAX }
    }
}

/// A network that multiplies by ten and fails for negative numbers; its thread is a lock.
struct Tens {
    batcher: Batcher<Number, i32>,
    thread: Mutex<Vec<Vec<Number>>>,
}

impl Tens {
    fn new(limit: usize, delay: Duration) -> Self {
        Self {
            batcher: Batcher::new(limit, delay),
            thread: Mutex::default(),
        }
    }

    fn ask(&self, number: Number) -> Result<i32> {
        self.batcher.ask(number, |ticket| {
            let thread = self.thread.lock().unwrap();
            let asked = Mutex::new(thread);
            self.batcher.serve(ticket, |numbers| {
                asked.lock().unwrap().push(numbers.to_vec());
                match numbers.iter().find(|number| number.0 < 0) {
                    Some(Number(-1, _)) => Err(Error::Backend("negative".into())),
                    Some(_) => std::panic::resume_unwind(Box::new("very negative")),
                    None => Ok(numbers.iter().map(|number| 10 * number.0).collect()),
                }
            });
            Ok(())
        })
    }

    /// Asks all of them, one after another, while the thread is held. Returns answers and calls.
    fn ask_all(&self, numbers: &[Number]) -> (Vec<Result<i32>>, Vec<Vec<Number>>) {
        let answers = scope(|scope| {
            let held = self.thread.lock().unwrap();
            let mut asking = Vec::new();
            for &number in numbers {
                asking.push(scope.spawn(move || self.ask(number)));
                until(|| self.batcher.inside() == asking.len());
            }
            drop(held);
            let answers = asking.into_iter().map(|asking| asking.join().unwrap());
            answers.collect()
        });
        (answers, std::mem::take(&mut self.thread.lock().unwrap()))
    }
}

fn until(true_at_last: impl Fn() -> bool) {
    while !true_at_last() {
        sleep(Duration::from_millis(1));
    }
}

fn numbers(values: impl IntoIterator<Item = i32>, kind: char) -> Vec<Number> {
    values.into_iter().map(|n| Number(n, kind)).collect()
}

/// If it did wait, only the test's timeout would end it.
#[test]
fn a_lone_caller_does_not_wait() {
    let tens = Tens::new(8, LONG);
    for n in 0..3 {
        assert_eq!(tens.ask(Number(n, 'a')).unwrap(), 10 * n);
    }
    assert_eq!(tens.batcher.inside(), 0);
}

#[test]
fn those_who_are_expected_are_one_call() {
    let tens = Tens::new(8, LONG);
    let asked = numbers(1..4, 'a');
    tens.batcher.expect(asked.len());
    scope(|scope| {
        let ask = |&number| {
            scope.spawn({
                let tens = &tens;
                move || tens.ask(number)
            })
        };
        let asking: Vec<_> = asked.iter().map(ask).collect();
        assert!(asking.into_iter().all(|a| a.join().unwrap().is_ok()));
    });
    assert_eq!(*tens.batcher.calls.lock().unwrap(), [3]);
}

#[test]
fn who_does_not_come_is_waited_for_once() {
    let delay = Duration::from_millis(20);
    let tens = Tens::new(8, delay);
    tens.batcher.expect(5);
    let begun = Instant::now();
    assert_eq!(tens.ask(Number(1, 'a')).unwrap(), 10);
    assert!(begun.elapsed() >= delay);
    assert_eq!(tens.batcher.lock().expected, 0);
}

#[test]
fn what_comes_while_the_thread_is_busy_is_one_call() {
    let tens = Tens::new(8, LONG);
    let asked = numbers(1..6, 'a');
    let (answers, calls) = tens.ask_all(&asked);
    let answers: Vec<i32> = answers.into_iter().map(Result::unwrap).collect();
    assert_eq!(answers, [10, 20, 30, 40, 50]);
    assert_eq!(calls, [asked]);
}

#[test]
fn calls_have_their_limit_and_the_oldest_come_first() {
    let tens = Tens::new(3, LONG);
    let asked = numbers(0..7, 'a');
    let (answers, calls) = tens.ask_all(&asked);
    assert!(answers.into_iter().all(|answer| answer.is_ok()));
    assert_eq!(calls, [&asked[..3], &asked[3..6], &asked[6..]]);
    let pairs = numbers(0..3, 'p');
    let (_, calls) = tens.ask_all(&pairs);
    assert_eq!(calls, [&pairs[..2], &pairs[2..]]);
}

#[test]
fn a_limit_of_one_never_joins() {
    let tens = Tens::new(1, LONG);
    let (_, calls) = tens.ask_all(&numbers(0..4, 'a'));
    assert_eq!(calls.iter().map(Vec::len).collect::<Vec<_>>(), [1; 4]);
}

#[test]
fn kinds_are_not_mixed() {
    let tens = Tens::new(8, LONG);
    let asked = [(1, 'a'), (2, 'b'), (3, 'a'), (4, 'b')].map(|(n, kind)| Number(n, kind));
    let (answers, mut calls) = tens.ask_all(&asked);
    let answers: Vec<i32> = answers.into_iter().map(Result::unwrap).collect();
    assert_eq!(answers, [10, 20, 30, 40]);
    calls.sort_by_key(|call| call[0].0);
    assert_eq!(calls, [[asked[0], asked[2]], [asked[1], asked[3]]]);
}

#[test]
fn a_bad_question_fails_alone_with_its_own_error() {
    for (bad, why) in [(-1, "negative"), (-2, "very negative")] {
        let tens = Tens::new(8, LONG);
        let (answers, calls) = tens.ask_all(&numbers([1, bad, 3], 'a'));
        let [first, second, third] = <[_; 3]>::try_from(answers).unwrap();
        assert_eq!((first.unwrap(), third.unwrap()), (10, 30));
        assert!(second.unwrap_err().to_string().ends_with(why));
        let sizes: Vec<usize> = calls.iter().map(Vec::len).collect();
        assert_eq!(sizes, [3, 1, 1, 1]);
    }
}

/// While one is being answered, another waits for a third, but not for ever.
#[test]
fn others_are_waited_for_no_longer_than_the_delay() {
    let batcher = Batcher::new(8, Duration::from_millis(20));
    let (number, busy) = (Number(1, 'a'), Mutex::new(()));
    let answer = |numbers: &[Number]| Ok(vec![(); numbers.len()]);
    scope(|scope| {
        let held = busy.lock().unwrap();
        scope.spawn(|| {
            let slowly = |numbers: &[Number]| {
                drop(busy.lock());
                answer(numbers)
            };
            batcher.ask(number, |ticket| {
                batcher.serve(ticket, slowly);
                Ok(())
            })
        });
        until(|| batcher.calls.lock().unwrap().len() == 1);
        let begun = Instant::now();
        let serve = |ticket| {
            batcher.serve(ticket, answer);
            Ok(())
        };
        batcher.ask(number, serve).unwrap();
        assert!(begun.elapsed() >= Duration::from_millis(20));
        drop(held);
    });
    assert_eq!(*batcher.calls.lock().unwrap(), [1, 1]);
}

#[test]
fn a_thread_that_is_gone_is_an_error_for_all() {
    let batcher: Batcher<Number, i32> = Batcher::new(8, LONG);
    scope(|scope| {
        let asking = [1, 2, 3].map(|n| {
            let gone = |_| Err(Error::Backend("gone".into()));
            let batcher = &batcher;
            scope.spawn(move || batcher.ask(Number(n, 'a'), gone))
        });
        assert!(asking.into_iter().all(|a| a.join().unwrap().is_err()));
    });
    assert_eq!(batcher.inside(), 0);
}

#[test]
fn a_caller_that_unwinds_leaves_no_question_behind() {
    let tens = Tens::new(8, LONG);
    let unwinds = |_| std::panic::resume_unwind(Box::new("on the way"));
    assert!(caught(|| tens.batcher.ask(Number(1, 'a'), unwinds)).is_err());
    assert_eq!(tens.batcher.inside(), 0);
    assert_eq!(tens.ask(Number(2, 'a')).unwrap(), 20);
}

/// Callers of three kinds at random times, some with bad questions: each gets its own answer, and
/// none waits for ever.
#[test]
fn many_callers_get_their_own_answers() {
    let tens = Tens::new(3, Duration::from_millis(1));
    scope(|scope| {
        for caller in 0..8 {
            let tens = &tens;
            scope.spawn(move || {
                for turn in 0..200 {
                    let number = match (7 * caller + turn) % 23 {
                        0 => -1,
                        _ => 1000 * caller + turn,
                    };
                    if turn % 50 == 0 {
                        tens.batcher.expect(2);
                    }
                    let kind = ['a', 'b', 'p'][(caller + turn / 60) as usize % 3];
                    let answer = tens.ask(Number(number, kind)).ok();
                    assert_eq!(answer, (number >= 0).then_some(10 * number));
                }
            });
        }
    });
    assert_eq!(tens.batcher.inside(), 0);
    let calls = tens.batcher.calls.lock().unwrap();
    assert_eq!(calls.iter().sum::<usize>(), 8 * 200);
    assert!(calls.iter().any(|&size| size > 1) && calls.iter().all(|&size| size <= 3));
}
