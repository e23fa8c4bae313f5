-- Activities before their team and territory are looked up: most activities share day and rep with others, so the
-- fact sums these first and looks up once for each day and rep. Same columns, so that both give the same sums.
CREATE OR REPLACE VIEW data_collection_activityrow AS
SELECT v.id, v.kind, v.day, v.rep_id, v.account_id, v.opportunity_id, v.lead_id, v.duration_minutes AS minutes,
       1 AS activities_n,
       CASE WHEN v.kind = 'email' THEN 1 END AS emails_n,
       CASE WHEN v.kind = 'call' THEN 1 END AS calls_n,
       CASE WHEN v.kind = 'meeting' THEN 1 END AS meetings_n,
       CASE WHEN v.kind = 'demo' THEN 1 END AS demos_n,
       CASE WHEN v.kind = 'proposal' THEN 1 END AS proposals_n,
       CASE WHEN v.kind = 'other' THEN 1 END AS others_n
FROM data_collection_activity v
WHERE v.deleted_at IS NULL;

CREATE OR REPLACE VIEW data_collection_activityevent AS
SELECT v.id, v.kind, v.day, v.id AS activity_id, v.account_id, v.opportunity_id, v.lead_id,
       s.rep_id, s.team_id, s.territory_id, v.minutes,
       v.activities_n, v.emails_n, v.calls_n, v.meetings_n, v.demos_n, v.proposals_n, v.others_n
FROM data_collection_activityrow v
LEFT JOIN data_collection_repspan s ON s.rep_id = v.rep_id AND s.span_from <= v.day AND s.span_to > v.day;
