//! Comparing two models, temperatures or prompts from the command line.

use serde_json::Value;

use crate::command_line::{failed, fixture, json, list, run};

fn number(answer: &Value, name: &str) -> f64 {
    answer[name].as_f64().expect("a number")
}

#[test]
fn two_temperatures_keep_the_identity_and_name_the_tokens_that_tell_them_apart() {
    let answer = json(&["compare", "--temperature", "1,0.5", "Once upon a time"]);
    let (entropy, divergence) = (number(&answer, "entropy_p_bits"), number(&answer, "kl_pq_bits"));
    assert!((number(&answer, "cross_entropy_pq_bits") - entropy - divergence).abs() < 1e-9);
    assert!(number(&answer, "identity_error_bits").abs() < 1e-9);
    assert!(number(&answer, "entropy_q_bits") < entropy, "colder is surer");
    let generated = json(&["generate", "--steps", "1", "Once upon a time"]);
    assert!((number(&generated["steps"][0], "entropy_bits") - entropy).abs() < 1e-6);
    let tokens = list(&answer, "tokens");
    assert_eq!(tokens.len(), 10);
    assert!(tokens.windows(2).all(|pair| number(&pair[0], "js_bits") >= number(&pair[1], "js_bits")));
    let all = json(&["compare", "--temperature", "1,0.5", "--top", "100000", "Once upon a time"]);
    let sum = |name: &str| list(&all, "tokens").iter().map(|token| number(token, name)).sum::<f64>();
    for name in ["kl_pq_bits", "kl_qp_bits", "js_bits"] {
        assert!((sum(name) - number(&answer, name)).abs() < 1e-9, "{name}");
    }
    let said = run(&["compare", "--temperature", "1,0.5", "Once upon a time"]).output;
    assert!(said.contains("KL(p‖q)") && said.contains("H(p,q) − (H(p) + KL(p‖q))"), "{said}");
}

#[test]
fn a_distribution_does_not_differ_from_itself() {
    let answer = json(&["compare", "--other", "Once upon a time", "Once upon a time"]);
    assert_eq!(
        (number(&answer, "kl_pq_bits"), number(&answer, "kl_qp_bits"), number(&answer, "js_bits")),
        (0.0, 0.0, 0.0)
    );
    assert!(number(&json(&["compare", "--other", "The dog", "Once upon a time"]), "js_bits") > 0.1);
}

#[test]
fn two_files_of_one_vocabulary_are_compared_along_a_text() {
    let (full, other) = (fixture("gguf/llama-F32.gguf"), fixture("gguf/llama-Q8_0.gguf"));
    let ids = "5,9,17,33,2,8,60";
    let answer = json(&["compare", "--model", &full, "--with", &other, "--along", "--ids", ids]);
    assert_eq!((&answer["vocabulary"], &answer["compared"]), (&"same".into(), &6.into()));
    let along = list(&answer, "along");
    let sum: f64 = along.iter().map(|place| number(place, "kl_pq_bits")).sum();
    assert!((sum - number(&answer, "kl_pq_bits")).abs() < 1e-9 && sum > 0.0);
    let score = json(&["score", "--model", &other, "--ids", ids]);
    for (place, token) in along.iter().zip(&list(&score, "tokens")[1..]) {
        assert!((number(place, "surprisal_q_bits") - number(token, "surprisal_bits")).abs() < 1e-6);
    }
    let itself = json(&["compare", "--model", &full, "--with", &full, "--along", "--ids", ids]);
    assert_eq!(number(&itself, "kl_pq_bits"), 0.0);
}

#[test]
fn models_of_different_vocabularies_are_compared_on_the_text() {
    let text = "Once upon a time";
    let answer = json(&["compare", "--with", "poems", text]);
    assert_eq!(answer["vocabulary"], "different");
    assert!(answer["first_difference"].is_u64() && answer["kl_pq_bits"].is_null());
    for (side, model) in [("p", "stories"), ("q", "poems")] {
        let score = json(&["score", "--model", model, text]);
        assert!((number(&answer[side], "bits_per_byte") - number(&score, "bits_per_byte")).abs() < 1e-9);
    }
    let said = run(&["compare", "--with", "poems", text]).output;
    assert!(said.contains("the vocabularies differ, first at id"), "{said}");
    assert!(failed(&["compare", "--with", "poems", "--ids", "1,2"], 1).contains("differ at id"));
}

#[test]
fn what_cannot_be_compared_is_said() {
    assert!(failed(&["compare", "Once"], 2).contains("--with"));
    for bad in ["0,1", "nan,1", "-1", "1,inf"] {
        assert!(failed(&["compare", "--temperature", bad, "Once"], 2).contains("above 0"), "{bad}");
    }
    assert!(failed(&["compare", "--temperature", "1,2", ""], 2).contains("--special"));
}
