-- Event views: one row per thing that happened, with its dimensions on its own day and its amounts in the
-- reporting currency. Facts are sums of these rows; a drill-through lists these rows. Nothing else computes them.
--
-- Amounts in the reporting currency stay as stored; others are multiplied by the latest rate on or before the
-- row's day and rounded to cents. No such rate: the amount is NULL and fx_missing is true.

CREATE VIEW data_collection_reporting AS
SELECT coalesce((SELECT reporting_currency FROM salesops_company WHERE id = 1), 'USD') AS currency;

-- A rep's stays: ranges of days with the same team and the same primary territory; every day is in exactly one.
CREATE VIEW data_collection_repspan AS
WITH edges AS (
    SELECT id AS rep_id, '-infinity'::date AS edge FROM data_collection_rep
    UNION SELECT rep_id, valid_from FROM data_collection_teammembership
    UNION SELECT rep_id, valid_to FROM data_collection_teammembership WHERE valid_to IS NOT NULL
    UNION SELECT rep_id, valid_from FROM data_collection_territorymember WHERE is_primary
    UNION SELECT rep_id, valid_to FROM data_collection_territorymember WHERE is_primary AND valid_to IS NOT NULL
), spans AS (
    SELECT rep_id, edge AS span_from,
           coalesce(lead(edge) OVER (PARTITION BY rep_id ORDER BY edge), 'infinity'::date) AS span_to
    FROM edges
)
SELECT s.rep_id, s.span_from, s.span_to, m.team_id, t.territory_id
FROM spans s
LEFT JOIN data_collection_teammembership m
       ON m.rep_id = s.rep_id AND m.valid_from <= s.span_from
      AND (m.valid_to IS NULL OR m.valid_to > s.span_from)
LEFT JOIN data_collection_territorymember t
       ON t.rep_id = s.rep_id AND t.is_primary AND t.valid_from <= s.span_from
      AND (t.valid_to IS NULL OR t.valid_to > s.span_from);

-- Created, won and lost deals, and moves of the close date into a later month.
CREATE VIEW data_collection_dealevent AS
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
           CASE WHEN o.close_date >= o.created_on THEN o.close_date - o.created_on END, NULL, NULL
    FROM data_collection_opportunity o WHERE o.deleted_at IS NULL AND o.status IN ('won', 'lost')
    UNION ALL
    SELECT c.id * 4 + 3, 'pushed', c.changed_on, o.id, o.account_id, o.owner_id,
           o.product_id, o.lead_source, o.currency, o.amount, o.status,
           c.new_date - c.old_date, c.old_date, c.new_date
    FROM data_collection_opportunitychange c
    JOIN data_collection_opportunity o ON o.id = c.opportunity_id
    WHERE c.deleted_at IS NULL AND o.deleted_at IS NULL AND c.field = 'close_date'
      AND date_trunc('month', c.new_date) > date_trunc('month', c.old_date)
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

-- Recognised revenue: order lines where a system sends them; else that system's won deals.
CREATE VIEW data_collection_saleevent AS
SELECT e.id, e.kind, e.day, e.order_line_id, e.opportunity_id, e.account_id, e.order_id,
       s.rep_id, s.team_id, s.territory_id, coalesce(e.segment_id, a.segment_id) AS segment_id, e.product_id,
       e.lead_source AS source, e.currency, (m.revenue IS NULL AND e.amount IS NOT NULL) AS fx_missing,
       m.revenue, e.units,
       m.profit, CASE WHEN m.profit IS NOT NULL THEN m.revenue END AS profit_revenue,
       CASE WHEN e.discount < 1 THEN round(m.revenue / (1 - e.discount), 4) END AS list_amount,
       CASE WHEN e.discount < 1 THEN round(m.revenue / (1 - e.discount), 4) - m.revenue END AS discount_amount,
       CASE WHEN e.is_returned THEN m.revenue END AS returned_amount,
       1 AS sales_n
FROM (
    SELECT l.id * 2 AS id, 'order' AS kind, l.ordered_on AS day, l.id AS order_line_id, l.opportunity_id, l.account_id,
           l.order_id, l.owner_id, l.segment_id, l.product_id, coalesce(o.lead_source, '') AS lead_source,
           l.currency, l.amount, l.quantity AS units, l.profit, l.discount, l.is_returned
    FROM data_collection_orderline l
    LEFT JOIN data_collection_opportunity o ON o.id = l.opportunity_id
    WHERE l.deleted_at IS NULL
    UNION ALL
    SELECT o.id * 2 + 1, 'deal', o.close_date, NULL, o.id, o.account_id,
           NULL, coalesce(w.rep_id, o.owner_id), NULL, o.product_id, o.lead_source,
           o.currency, o.amount,
           (SELECT sum(p.quantity) FROM data_collection_opportunityline p
            WHERE p.opportunity_id = o.id AND p.deleted_at IS NULL),
           NULL, o.discount, false
    FROM data_collection_opportunity o
    LEFT JOIN data_collection_opportunityowner w
           ON w.opportunity_id = o.id AND w.deleted_at IS NULL AND w.valid_from <= o.close_date
          AND (w.valid_to IS NULL OR w.valid_to > o.close_date)
    WHERE o.deleted_at IS NULL AND o.status = 'won'
      AND o.system NOT IN (SELECT y.system FROM data_collection_ordersystem y)
) e
CROSS JOIN data_collection_reporting r
LEFT JOIN data_collection_repspan s ON s.rep_id = e.owner_id AND s.span_from <= e.day AND s.span_to > e.day
LEFT JOIN data_collection_account a ON a.id = e.account_id
LEFT JOIN LATERAL (
    SELECT x.rate FROM salesops_fxrate x
    WHERE x.currency = e.currency AND x.day <= e.day AND e.currency <> r.currency ORDER BY x.day DESC LIMIT 1
) f ON true
CROSS JOIN LATERAL (
    SELECT CASE WHEN e.currency = r.currency THEN e.amount ELSE round(e.amount * f.rate, 2) END AS revenue,
           CASE WHEN e.currency = r.currency THEN e.profit ELSE round(e.profit * f.rate, 2) END AS profit
) m;

-- Leads by the day they came in (with what became of them) and by the day of each later step.
-- A later step implies the earlier ones, dated or not.
CREATE VIEW data_collection_leadevent AS
SELECT e.id, e.kind, e.day, e.lead_id, e.account_id,
       s.rep_id, s.team_id, s.territory_id, coalesce(e.segment_id, a.segment_id) AS segment_id, e.product_id,
       e.lead_source AS source, e.response_minutes,
       CASE WHEN e.kind = 'created' THEN 1 END AS leads_n,
       CASE WHEN e.kind = 'created' THEN e.mql::int END AS leads_mql_n,
       CASE WHEN e.kind = 'created' THEN e.sql::int END AS leads_sql_n,
       CASE WHEN e.kind = 'created' THEN e.converted::int END AS leads_converted_n,
       CASE WHEN e.kind = 'created' THEN e.won::int END AS leads_won_n,
       CASE WHEN e.kind = 'mql' THEN 1 END AS mqls_n,
       CASE WHEN e.kind = 'sql' THEN 1 END AS sqls_n,
       CASE WHEN e.kind = 'converted' THEN 1 END AS converted_n,
       CASE WHEN e.kind = 'disqualified' THEN 1 END AS disqualified_n
FROM (
    SELECT l.id * 5 + k.number AS id, k.kind, k.day, l.id AS lead_id, l.account_id, l.owner_id, l.segment_id,
           l.product_id, l.lead_source,
           CASE WHEN k.kind = 'created' AND l.first_touch_at >= l.assigned_at
                THEN round(extract(epoch FROM l.first_touch_at - l.assigned_at) / 60, 1) END AS response_minutes,
           (l.mql_on IS NOT NULL OR l.sql_on IS NOT NULL OR l.converted_on IS NOT NULL
            OR l.status IN ('mql', 'sql', 'converted')) AS mql,
           (l.sql_on IS NOT NULL OR l.converted_on IS NOT NULL OR l.status IN ('sql', 'converted')) AS sql,
           (l.converted_on IS NOT NULL OR l.status = 'converted') AS converted,
           k.kind = 'created' AND EXISTS (
               SELECT 1 FROM data_collection_opportunity o
               WHERE o.lead_id = l.id AND o.status = 'won' AND o.deleted_at IS NULL) AS won
    FROM data_collection_lead l
    CROSS JOIN LATERAL (VALUES (0, 'created', l.created_on), (1, 'mql', l.mql_on), (2, 'sql', l.sql_on),
                               (3, 'converted', l.converted_on), (4, 'disqualified', l.disqualified_on)
    ) k(number, kind, day)
    WHERE l.deleted_at IS NULL AND k.day IS NOT NULL
) e
LEFT JOIN data_collection_repspan s ON s.rep_id = e.owner_id AND s.span_from <= e.day AND s.span_to > e.day
LEFT JOIN data_collection_account a ON a.id = e.account_id;

CREATE VIEW data_collection_activityevent AS
SELECT v.id, v.kind, v.day, v.id AS activity_id, v.account_id, v.opportunity_id, v.lead_id,
       s.rep_id, s.team_id, s.territory_id, v.duration_minutes AS minutes,
       1 AS activities_n,
       CASE WHEN v.kind = 'email' THEN 1 END AS emails_n,
       CASE WHEN v.kind = 'call' THEN 1 END AS calls_n,
       CASE WHEN v.kind = 'meeting' THEN 1 END AS meetings_n,
       CASE WHEN v.kind = 'demo' THEN 1 END AS demos_n,
       CASE WHEN v.kind = 'proposal' THEN 1 END AS proposals_n,
       CASE WHEN v.kind = 'other' THEN 1 END AS others_n
FROM data_collection_activity v
LEFT JOIN data_collection_repspan s ON s.rep_id = v.rep_id AND s.span_from <= v.day AND s.span_to > v.day
WHERE v.deleted_at IS NULL;

-- Stays in a stage by the day they ended; a stay that has not ended is in no row.
CREATE VIEW data_collection_stageevent AS
SELECT v.id, 'left' AS kind, v.left_on AS day, v.opportunity_id, v.stage_id, o.account_id,
       s.rep_id, s.team_id, s.territory_id, a.segment_id, o.product_id, o.lead_source AS source,
       v.entered_on, v.left_on - v.entered_on AS days
FROM data_collection_stagevisit v
JOIN data_collection_opportunity o ON o.id = v.opportunity_id
LEFT JOIN data_collection_opportunityowner w
       ON w.opportunity_id = o.id AND w.deleted_at IS NULL AND w.valid_from <= v.left_on
      AND (w.valid_to IS NULL OR w.valid_to > v.left_on)
LEFT JOIN data_collection_repspan s
       ON s.rep_id = coalesce(w.rep_id, o.owner_id) AND s.span_from <= v.left_on AND s.span_to > v.left_on
LEFT JOIN data_collection_account a ON a.id = o.account_id
WHERE v.deleted_at IS NULL AND o.deleted_at IS NULL AND v.left_on >= v.entered_on;

-- Open deals as ranges of days with the same owner, team and territory: the deals open on day d are the rows
-- with span_from <= d < span_to. Amount and close date are today's (snapshots keep the ones of the day).
CREATE VIEW data_collection_opendeal AS
SELECT o.id, o.id AS opportunity_id, o.account_id, o.stage_id, o.close_date, o.created_on, o.status,
       s.rep_id, s.team_id, s.territory_id, a.segment_id, o.product_id, o.lead_source AS source,
       greatest(coalesce(o.created_on, '-infinity'::date), w.span_from, s.span_from) AS span_from,
       least(CASE WHEN o.status = 'open' THEN 'infinity'::date ELSE o.close_date END, w.span_to, s.span_to) AS span_to,
       o.currency, (o.amount IS NOT NULL AND m.amount IS NULL) AS fx_missing,
       coalesce(o.probability, g.probability) AS probability,
       1 AS open_n, m.amount AS open_amount,
       round(m.amount * coalesce(o.probability, g.probability), 4) AS weighted_amount
FROM data_collection_opportunity o
JOIN data_collection_stage g ON g.id = o.stage_id
CROSS JOIN data_collection_reporting r
CROSS JOIN LATERAL (
    SELECT p.rep_id, p.valid_from AS span_from, coalesce(p.valid_to, 'infinity'::date) AS span_to
    FROM data_collection_opportunityowner p WHERE p.opportunity_id = o.id AND p.deleted_at IS NULL
    UNION ALL
    SELECT o.owner_id, coalesce(lower(gap), '-infinity'::date), coalesce(upper(gap), 'infinity'::date)
    FROM unnest('{(,)}'::datemultirange - coalesce(
        (SELECT range_agg(daterange(p.valid_from, p.valid_to)) FROM data_collection_opportunityowner p
         WHERE p.opportunity_id = o.id AND p.deleted_at IS NULL), '{}')) AS gap
) w
LEFT JOIN data_collection_repspan s ON s.rep_id = w.rep_id AND s.span_from < w.span_to AND s.span_to > w.span_from
LEFT JOIN data_collection_account a ON a.id = o.account_id
LEFT JOIN LATERAL (
    SELECT x.rate FROM salesops_fxrate x
    WHERE x.currency = o.currency AND x.day <= coalesce(o.close_date, 'infinity'::date) AND o.currency <> r.currency
    ORDER BY x.day DESC LIMIT 1
) f ON true
CROSS JOIN LATERAL (
    SELECT CASE WHEN o.currency = r.currency THEN o.amount ELSE round(o.amount * f.rate, 2) END AS amount
) m
WHERE o.deleted_at IS NULL
  AND greatest(coalesce(o.created_on, '-infinity'::date), w.span_from, s.span_from)
    < least(CASE WHEN o.status = 'open' THEN 'infinity'::date ELSE o.close_date END, w.span_to, s.span_to);
