-- Deals and stays in a stage as in 001_views.sql. A date outside 1900 to 2199 is a slip of the pen (9999-12-31): the row
-- counts on its day, but its number of days is unknown, and no date Postgres holds makes a view fail.
CREATE OR REPLACE VIEW data_collection_dealevent AS
SELECT e.id, e.kind, e.day, e.opportunity_id, e.account_id,
       s.rep_id, s.team_id, s.territory_id, a.segment_id, e.product_id, e.lead_source AS source,
       e.currency, m.amount, (e.amount IS NOT NULL AND m.amount IS NULL) AS fx_missing,
       e.days, e.was_on, e.now_on,
       CASE WHEN e.kind = 'created' THEN 1 END AS created_n,
       CASE WHEN e.kind = 'created' THEN m.amount END AS created_amount,
       CASE WHEN e.kind = 'created' THEN (e.status = 'won')::int END AS cohort_won_n,
       CASE WHEN e.kind = 'created' THEN (e.status = 'lost')::int END AS cohort_lost_n,
       CASE WHEN e.kind = 'created' THEN (e.status = 'open')::int END AS cohort_open_n,
       CASE WHEN e.kind = 'won' THEN 1 END AS won_n,
       CASE WHEN e.kind = 'won' THEN m.amount END AS won_amount,
       CASE WHEN e.kind = 'won' AND m.amount IS NOT NULL THEN 1 END AS won_amount_n,
       CASE WHEN e.kind = 'won' THEN e.days END AS won_days,
       CASE WHEN e.kind = 'won' AND e.days IS NOT NULL THEN 1 END AS won_days_n,
       CASE WHEN e.kind = 'lost' THEN 1 END AS lost_n,
       CASE WHEN e.kind = 'lost' THEN m.amount END AS lost_amount,
       CASE WHEN e.kind = 'lost' AND m.amount IS NOT NULL THEN 1 END AS lost_amount_n,
       CASE WHEN e.kind = 'lost' THEN e.days END AS lost_days,
       CASE WHEN e.kind = 'lost' AND e.days IS NOT NULL THEN 1 END AS lost_days_n,
       CASE WHEN e.kind = 'pushed' THEN 1 END AS pushed_n,
       CASE WHEN e.kind = 'pushed' THEN m.amount END AS pushed_amount
FROM (
    SELECT o.id * 4 AS id, 'created' AS kind, o.created_on AS day, o.id AS opportunity_id, o.account_id, o.owner_id,
           o.product_id, o.lead_source, o.currency, o.amount, o.status,
           NULL::int AS days, NULL::date AS was_on, NULL::date AS now_on
    FROM data_collection_opportunity o WHERE o.deleted_at IS NULL AND o.created_on IS NOT NULL
    UNION ALL
    SELECT o.id * 4 + 1, o.status, o.close_date, o.id, o.account_id, o.owner_id,
           o.product_id, o.lead_source, o.currency, o.amount, o.status,
           CASE WHEN o.close_date >= o.created_on AND o.created_on >= '1900-01-01' AND o.close_date < '2200-01-01'
                THEN o.close_date - o.created_on END, NULL, NULL
    FROM data_collection_opportunity o WHERE o.deleted_at IS NULL AND o.status IN ('won', 'lost')
    UNION ALL
    SELECT c.id * 4 + 3, 'pushed', c.changed_on, o.id, o.account_id, o.owner_id,
           o.product_id, o.lead_source, o.currency, o.amount, o.status,
           CASE WHEN c.old_date >= '1900-01-01' AND c.new_date < '2200-01-01' THEN c.new_date - c.old_date END,
           c.old_date, c.new_date
    FROM data_collection_opportunitychange c
    JOIN data_collection_opportunity o ON o.id = c.opportunity_id
    WHERE c.deleted_at IS NULL AND o.deleted_at IS NULL AND c.field = 'close_date'
      AND (extract(year FROM c.new_date), extract(month FROM c.new_date))
        > (extract(year FROM c.old_date), extract(month FROM c.old_date))
) e
CROSS JOIN data_collection_reporting r
LEFT JOIN data_collection_opportunityowner w
       ON w.opportunity_id = e.opportunity_id AND w.deleted_at IS NULL AND w.valid_from <= e.day
      AND (w.valid_to IS NULL OR w.valid_to > e.day)
LEFT JOIN data_collection_repspan s
       ON s.rep_id = coalesce(w.rep_id, e.owner_id) AND s.span_from <= e.day AND s.span_to > e.day
LEFT JOIN data_collection_account a ON a.id = e.account_id
LEFT JOIN LATERAL (
    SELECT x.rate FROM salesops_fxrate x
    WHERE x.currency = e.currency AND x.day <= e.day AND e.currency <> r.currency ORDER BY x.day DESC LIMIT 1
) f ON true
CROSS JOIN LATERAL (
    SELECT CASE WHEN e.currency = r.currency THEN e.amount ELSE round(e.amount * f.rate, 2) END AS amount
) m;

CREATE OR REPLACE VIEW data_collection_stageevent AS
SELECT v.id, 'left' AS kind, v.left_on AS day, v.opportunity_id, v.stage_id, o.account_id,
       s.rep_id, s.team_id, s.territory_id, a.segment_id, o.product_id, o.lead_source AS source,
       v.entered_on,
       CASE WHEN v.entered_on >= '1900-01-01' AND v.left_on < '2200-01-01' THEN v.left_on - v.entered_on END AS days
FROM data_collection_stagevisit v
JOIN data_collection_opportunity o ON o.id = v.opportunity_id
LEFT JOIN data_collection_opportunityowner w
       ON w.opportunity_id = o.id AND w.deleted_at IS NULL AND w.valid_from <= v.left_on
      AND (w.valid_to IS NULL OR w.valid_to > v.left_on)
LEFT JOIN data_collection_repspan s
       ON s.rep_id = coalesce(w.rep_id, o.owner_id) AND s.span_from <= v.left_on AND s.span_to > v.left_on
LEFT JOIN data_collection_account a ON a.id = o.account_id
WHERE v.deleted_at IS NULL AND o.deleted_at IS NULL AND v.left_on >= v.entered_on;
