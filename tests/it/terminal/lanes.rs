//! The workers' threads, without a terminal.

use std::ops::ControlFlow;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use lmscope::job::Body;
use lmscope::job::Generation;
use lmscope::job::Job;
use lmscope::job::Lane;
use lmscope::job::Reply;
use lmscope::runtime::lanes::Lanes;

fn lanes(room: usize) -> (Lanes, Receiver<Reply>) {
    let (sender, replies) = sync_channel(room);
    let deliver = move |reply| match sender.send(reply) {
        Ok(()) => ControlFlow::Continue(()),
        Err(_) => ControlFlow::Break(()),
    };
    (Lanes::start(&deliver).expect("threads"), replies)
}

#[test]
fn a_lane_that_crashed_says_so_and_takes_the_next_job() {
    let (lanes, replies) = lanes(8);
    for lane in Lane::ALL {
        for number in 1..=3 {
            lanes.submit(lane, Generation(number), Job::Panic);
            let reply = replies.recv_timeout(Duration::from_secs(20)).expect("a reply");
            assert_eq!((reply.lane, reply.generation), (lane, Generation(number)));
            assert!(matches!(reply.body, Body::Crashed(text) if text.contains("panic")));
        }
    }
}

#[test]
fn lanes_end_when_nobody_listens_and_when_nobody_asks() {
    let (first, replies) = lanes(0);
    // Its reply finds no room and no listener.
    first.submit(Lane::Run, Generation(1), Job::Panic);
    drop(replies);
    drop(first);

    let (second, replies) = lanes(0);
    drop(second);
    // The channel closes when the last lane has let go of it.
    assert!(
        matches!(replies.recv_timeout(Duration::from_secs(20)), Err(error) if error.to_string().contains("disconnected") || error.to_string().contains("closed"))
    );
}
