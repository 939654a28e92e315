// A person's marks: kept in the browser under the data set's id, exported as JSON Lines.

const review = {
  key: `editloom-review:${DATA.data_set}`,
  marks: store.read(`editloom-review:${DATA.data_set}`) || {},
  kept: true,
  of(sample) { return this.marks[sample.id] || {}; },
  mark(sample, change) {
    const mark = { ...this.of(sample), ...change };
    for (const name of ["style", "model", "prompt_id", "sample_index"])
      if (sample[name] !== undefined) mark[name] = sample[name];
    if (mark.verdict || mark.note) this.marks[sample.id] = mark;
    else delete this.marks[sample.id];
    this.kept = store.write(this.key, this.marks);
  },
  count(verdict) { return Object.values(this.marks).filter((mark) => mark.verdict === verdict).length; },
  lines() {
    return Object.entries(this.marks).filter(([, mark]) => mark.verdict).map(([id, mark]) => {
      const { verdict, note, ...origin } = mark;
      return JSON.stringify({ sample_id: id, verdict, note: note || "", ...origin });
    });
  },
  download() {
    const blob = new Blob(this.lines().map((line) => `${line}\n`), { type: "application/jsonl" });
    const link = el("a", { href: URL.createObjectURL(blob), download: `review-${DATA.data_set}.jsonl` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  },
};

function reviewBar(sample, changed) {
  const button = (verdict, text) => el("button", { type: "button", class: verdict, text, on: { click: () => {
    review.mark(sample, { verdict: review.of(sample).verdict === verdict ? undefined : verdict });
    changed();
    show();
  } } });
  const buttons = { accept: button("accept", "Accept (a)"), reject: button("reject", "Reject (r)") };
  const note = el("input", { type: "text", placeholder: "Note (exported with the mark)", "aria-label": "Note", maxlength: 2000,
    on: { input: () => { review.mark(sample, { note: note.value || undefined }); changed(); } } });
  note.value = review.of(sample).note || "";
  function show() {
    for (const [verdict, node] of Object.entries(buttons)) node.classList.toggle("on", review.of(sample).verdict === verdict);
  }
  show();
  return el("div", { class: "review" }, buttons.accept, buttons.reject, note);
}
