-- Every table, and with it every view's target, refuses a block whose token it knows. What is not to be held
-- against earlier blocks comes with a token of its own. Columns of views say what they are, as those of tables do.

ALTER TABLE campaigns MODIFY SETTING non_replicated_deduplication_window = 10000;
ALTER TABLE target_lists MODIFY SETTING non_replicated_deduplication_window = 10000;
ALTER TABLE coverage MODIFY SETTING non_replicated_deduplication_window = 10000;
ALTER TABLE target_views MODIFY SETTING non_replicated_deduplication_window = 10000;
ALTER TABLE path_changes MODIFY SETTING non_replicated_deduplication_window = 10000;
ALTER TABLE target_classes MODIFY SETTING non_replicated_deduplication_window = 10000;
ALTER TABLE replays MODIFY SETTING non_replicated_deduplication_window = 10000;
ALTER TABLE replayed_syn_replies MODIFY SETTING non_replicated_deduplication_window = 10000;
ALTER TABLE replayed_trace_hops MODIFY SETTING non_replicated_deduplication_window = 10000;
ALTER TABLE replayed_handshakes MODIFY SETTING non_replicated_deduplication_window = 10000;
ALTER TABLE canaries MODIFY SETTING non_replicated_deduplication_window = 10000;
ALTER TABLE alarms MODIFY SETTING non_replicated_deduplication_window = 10000;
ALTER TABLE optouts MODIFY SETTING non_replicated_deduplication_window = 10000;
ALTER TABLE snapshots MODIFY SETTING non_replicated_deduplication_window = 10000;
ALTER TABLE prefix_asn MODIFY SETTING non_replicated_deduplication_window = 10000;
ALTER TABLE prefix_geo MODIFY SETTING non_replicated_deduplication_window = 10000;
ALTER TABLE as_info MODIFY SETTING non_replicated_deduplication_window = 10000;
ALTER TABLE ixps MODIFY SETTING non_replicated_deduplication_window = 10000;
ALTER TABLE vantages MODIFY SETTING non_replicated_deduplication_window = 10000;
ALTER TABLE judged_patterns MODIFY SETTING non_replicated_deduplication_window = 10000;
ALTER TABLE view_counts MODIFY SETTING non_replicated_deduplication_window = 10000;
ALTER TABLE class_counts MODIFY SETTING non_replicated_deduplication_window = 10000;
ALTER TABLE schema_migrations MODIFY SETTING non_replicated_deduplication_window = 10000;

ALTER TABLE schema_migrations COMMENT COLUMN name 'file of the migration';
ALTER TABLE schema_migrations COMMENT COLUMN checksum 'SHA-256 of the file, hexadecimal';
ALTER TABLE schema_migrations COMMENT COLUMN applied_at 'when it was applied, UTC';

ALTER TABLE hosts COMMENT COLUMN campaign 'campaign id';
ALTER TABLE hosts COMMENT COLUMN address 'address of the host as text';
ALTER TABLE hosts COMMENT COLUMN port 'TCP port';
ALTER TABLE hosts COMMENT COLUMN host_verdict 'mptcp, echoing-middlebox, middlebox-near-host, not-capable, not-reached';
ALTER TABLE hosts COMMENT COLUMN host_rule 'rule that gave the host verdict';
ALTER TABLE hosts COMMENT COLUMN placement 'agree, near-source, near-destination, transit, flapping, uncertain';
ALTER TABLE hosts COMMENT COLUMN placement_rule 'rule that gave the placement';
ALTER TABLE hosts COMMENT COLUMN affected 'vantage points whose path shows a change';
ALTER TABLE hosts COMMENT COLUMN vantages 'vantage points that looked';
ALTER TABLE hosts COMMENT COLUMN explanation 'hops that explain the changes';
ALTER TABLE hosts COMMENT COLUMN rule_version 'version of the rules';

ALTER TABLE vantage_matrix COMMENT COLUMN campaign 'campaign id';
ALTER TABLE vantage_matrix COMMENT COLUMN address 'address of the host as text';
ALTER TABLE vantage_matrix COMMENT COLUMN port 'TCP port';
ALTER TABLE vantage_matrix COMMENT COLUMN verdicts 'what each vantage point says of it: vantage point, verdict';

ALTER TABLE middleboxes COMMENT COLUMN campaign 'campaign id';
ALTER TABLE middleboxes COMMENT COLUMN `condition` 'what changed, such as tcp.option.mptcp.removed';
ALTER TABLE middleboxes COMMENT COLUMN `after` 'last hop that showed the field as sent, as text; :: for none';
ALTER TABLE middleboxes COMMENT COLUMN `before` 'first hop that showed the change, as text';
ALTER TABLE middleboxes COMMENT COLUMN vantages 'vantage points whose paths have it';
ALTER TABLE middleboxes COMMENT COLUMN targets 'targets behind it: pairs of address and port';
ALTER TABLE middleboxes COMMENT COLUMN confidence 'best of its intervals, 0 to 1';
ALTER TABLE middleboxes COMMENT COLUMN fingerprints 'known boxes that it looks like';

ALTER TABLE disagreements COMMENT COLUMN campaign 'campaign id';
ALTER TABLE disagreements COMMENT COLUMN address 'address of the host as text';
ALTER TABLE disagreements COMMENT COLUMN port 'TCP port';
ALTER TABLE disagreements COMMENT COLUMN host_verdict 'mptcp, echoing-middlebox, middlebox-near-host, not-capable, not-reached';
ALTER TABLE disagreements COMMENT COLUMN host_rule 'rule that gave the host verdict';
ALTER TABLE disagreements COMMENT COLUMN placement 'agree, near-source, near-destination, transit, flapping, uncertain';
ALTER TABLE disagreements COMMENT COLUMN placement_rule 'rule that gave the placement';
ALTER TABLE disagreements COMMENT COLUMN affected 'vantage points whose path shows a change';
ALTER TABLE disagreements COMMENT COLUMN vantages 'vantage points that looked';
ALTER TABLE disagreements COMMENT COLUMN explanation 'hops that explain the changes';
ALTER TABLE disagreements COMMENT COLUMN rule_version 'version of the rules';
