"""All traffic with models: what is asked, the sending within limits, and what was paid, on disk.

A sample's request passes eight names, each of which waits for what the next one brings
(`jobs.generate_samples` is the first one where a script plans its samples):

    run.generate           the whole run of a stage, and what is said of it at its end
    run.run_jobs           which samples are still missing; the journal, the models, their servers
    batch.Batch.run        as many conversations at once as there are slots for; an orderly stop
    batch.Batch._hold_in_turn    a slot: one conversation after the other in it, and where the
                           outcome of each belongs (_hold): finished, failed, stop
    <script>.converse      what is asked for one sample, turn by turn
    conversation.Conversation.ask    answered before, or built into a request and asked
    sender.Sender.send     slots, rates, server, budget; again after what may pass
    client.Client.post     one request over HTTP, its failures told apart

Embeddings and scores of reward models come in by `sender.send_in_batches` and pass the last two.

To read in this order: `jobs` (what a run asks for), the chain above, `servers` and `traffic` (what
the sender keeps within), then `journal` and below it `recovery` (what is on disk), `run_report`
(what a person sees). `run_state` is what the conversations of one run share; `settings` and
`model_map` are what the user said.

May import: files, providers, replies.
"""
