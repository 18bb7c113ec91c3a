//! `rexnet completions`.

mod support;

use support::rexnet;

#[test]
fn every_shell_gets_every_verb_and_the_shared_options() {
    let help = rexnet(&["--help"]).ok();
    let verbs: Vec<&str> = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(verbs.contains(&"predict"), "{help}");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = rexnet(&["completions", shell]).ok();
        let lacks: Vec<_> = verbs.iter().chain(&["threads", "json"]).filter(|word| !script.contains(**word)).collect();
        assert!(lacks.is_empty(), "{shell}: {lacks:?}");
    }
}

#[test]
fn bash_completes_a_verb_from_its_first_letters() {
    let script = rexnet(&["completions", "bash"]).ok();
    let ask = "\nCOMP_WORDS=(rexnet pred); COMP_CWORD=1; _rexnet rexnet pred rexnet; echo ${COMPREPLY[@]}\n";
    match std::process::Command::new("bash").args(["-c", &(script + ask)]).output() {
        Ok(said) => assert_eq!(String::from_utf8_lossy(&said.stdout).trim(), "predict"),
        Err(error) => eprintln!("NOT RUN: bash: {error}"),
    }
}

#[test]
fn an_unknown_shell_is_a_wrong_request() {
    let said = rexnet(&["completions", "tcsh"]);
    assert!(said.code == 2 && said.stderr.contains("fish"), "{}", said.stderr);
}
