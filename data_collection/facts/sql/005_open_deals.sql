-- Open deals as in 001_views.sql; deals that never changed hands skip the arithmetic of owner ranges.
CREATE OR REPLACE VIEW data_collection_opendeal AS
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
    SELECT o.owner_id AS rep_id, '-infinity'::date AS span_from, 'infinity'::date AS span_to
    WHERE NOT EXISTS (SELECT 1 FROM data_collection_opportunityowner p
                      WHERE p.opportunity_id = o.id AND p.deleted_at IS NULL)
    UNION ALL
    SELECT p.rep_id, p.valid_from, coalesce(p.valid_to, 'infinity'::date)
    FROM data_collection_opportunityowner p WHERE p.opportunity_id = o.id AND p.deleted_at IS NULL
    UNION ALL
    SELECT o.owner_id, coalesce(lower(gap), '-infinity'::date), coalesce(upper(gap), 'infinity'::date)
    FROM (SELECT range_agg(daterange(p.valid_from, p.valid_to)) AS owned FROM data_collection_opportunityowner p
          WHERE p.opportunity_id = o.id AND p.deleted_at IS NULL) h,
         unnest('{(,)}'::datemultirange - h.owned) AS gap
    WHERE h.owned IS NOT NULL
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
