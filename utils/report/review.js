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
  // The marks that --marks loaded, a list of [person, verdict, note] a sample.
  others: (id) => DATA.reviews.marks[id] || [],
  // How the loaded marks of a sample stand: none, accept, reject, or disputed.
  standing(id) {
    const verdicts = new Set(this.others(id).map(([, verdict]) => verdict));
    return verdicts.size > 1 ? "disputed" : [...verdicts][0] || "none";
  },
  // One mark a sample: my own where I gave one, else what most said; a tie is left out.
  merged() {
    const samples = new Map(DATA.samples.map((sample) => [sample.id, sample]));
    return [...new Set([...Object.keys(this.marks), ...Object.keys(DATA.reviews.marks)])].flatMap((id) => {
      const own = this.marks[id] || {};
      const others = this.others(id);
      const accepted = others.filter(([, verdict]) => verdict === "accept").length;
      const most = 2 * accepted === others.length ? undefined : 2 * accepted > others.length ? "accept" : "reject";
      const verdict = own.verdict || most;
      if (!verdict) return [];
      const notes = [own.note, ...others.map(([name, , note]) => note && `${name}: ${note}`)].filter(Boolean);
      const line = { sample_id: id, verdict, note: notes.join("; "), marks: others.length + (own.verdict ? 1 : 0) };
      for (const name of ["style", "model", "prompt_id", "sample_index"])
        if (samples.has(id) && samples.get(id)[name] !== undefined) line[name] = samples.get(id)[name];
      return [JSON.stringify(line)];
    });
  },
  download(lines, name) {
    const blob = new Blob(lines.map((line) => `${line}\n`), { type: "application/jsonl" });
    const link = el("a", { href: URL.createObjectURL(blob), download: `${name}-${DATA.data_set}.jsonl` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  },
};

function agreementCard() {
  const { people, pairs } = DATA.reviews;
  if (!people.length) return null;
  const said = people.map(([name, count]) => `${name}: ${plural(count, "mark")}`).join("; ");
  const rows = pairs.map(({ names, both, same, kappa }) =>
    [names.join(" and "), number(both), number(same), both ? percent(same / both) : "–", kappa === null ? "–" : kappa.toFixed(2)]);
  return el("div", { class: "card" }, el("h3", { text: "Reviews" }),
    el("p", { class: "note", text: `${said}. Kappa is Cohen's: agreement beyond chance, 1 at most. A merged export has one mark a sample: yours, else what most said; a tie without yours is left out.` }),
    rows.length ? table([["Reviewers"], ["Marked by both", 1], ["Same mark", 1], ["Agreement", 1], ["Kappa", 1]], rows) : null);
}

function otherMarks(sample) {
  const marks = review.others(sample.id);
  return marks.length ? el("div", { class: "others" }, ...marks.map(([name, verdict, note]) =>
    el("div", {}, el("span", { class: `mark-${verdict}`, text: `${verdict === "accept" ? "✓" : "✗"} ${name}` }), el("span", { text: note ? ` – ${note}` : "" })))) : null;
}

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
