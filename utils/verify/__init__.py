"""What running a triplet's programs and tests tells of it: what was seen, and what follows.

To read in this order: `run_log` (what was run, on disk), `outcomes` (how a program ended, and what
kept it from running), `behaviour` (both programs of a triplet), `suites` (a reply's tests),
`one_test` (one test against one program), `verdict_rules` (classes of tests and verdicts);
`program_runs` and `suite_runs` plan the runs of a triplet, in a `place`, and read what they showed.

May import: code, files, quality, replies, sandbox.
"""
