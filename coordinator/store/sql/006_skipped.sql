-- Coverage has a third kind: what was left out because no agent of a vantage point could ask it.

ALTER TABLE coverage COMMENT COLUMN kind 'asked: every index was asked and its rows are here; uncertain: may have been asked, and is asked again; skipped: was not asked and will not be';
ALTER TABLE coverage COMMENT COLUMN agent 'machine; empty where skipped';
ALTER TABLE coverage COMMENT COLUMN reason 'why an interval is uncertain or skipped';
