-- Changes of owners and scores are noted where they happen, whatever way they come: import, connector, webhook, admin,
-- API or SQL. Statement level, with transition tables: one pass over the changed rows. More than a hundred in one
-- statement are counted instead of listed. Where nobody listens, nothing is looked at.

CREATE FUNCTION data_collection_heard(asked text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT 1 FROM salesops_endpoint WHERE is_active AND events @> to_jsonb(asked))
$$;

-- Argument: lead, opportunity or account. An owner who can log in is told as well.
CREATE FUNCTION data_collection_note_owner() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    kind_ text := TG_ARGV[0] || '.owner_changed';
    heard boolean := data_collection_heard(kind_);
    people bigint[] := (SELECT coalesce(array_agg(r.id), '{}') FROM data_collection_rep r
                        JOIN salesops_user u ON u.id = r.user_id WHERE u.is_active);
BEGIN
    IF NOT heard AND cardinality(people) = 0 THEN
        RETURN NULL;
    END IF;
    WITH changed AS MATERIALIZED (
        SELECT n.id, o.owner_id AS before, n.owner_id AS after
        FROM old_rows o JOIN new_rows n USING (id)
        WHERE o.owner_id IS DISTINCT FROM n.owner_id AND n.deleted_at IS NULL AND (heard OR n.owner_id = ANY (people))
    ), size AS (SELECT count(*) AS n FROM changed)
    INSERT INTO data_collection_changeevent
        (kind, object_id, rows, before_id, after_id, before_band, after_band, xact, at)
    SELECT kind_, id, 1, before, after, '', '', pg_current_xact_id()::text::bigint, clock_timestamp()
    FROM changed, size WHERE size.n <= 100
    UNION ALL
    SELECT kind_, NULL, count(*), NULL, after, '', '', pg_current_xact_id()::text::bigint, clock_timestamp()
    FROM changed, size WHERE size.n > 100 GROUP BY after;
    RETURN NULL;
END $$;

CREATE FUNCTION data_collection_note_score() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    least_ numeric := (SELECT min(min_points) FROM salesops_endpoint
                       WHERE is_active AND events @> to_jsonb('lead.score_changed'::text));
BEGIN
    IF least_ IS NULL THEN
        RETURN NULL;
    END IF;
    WITH changed AS MATERIALIZED (
        SELECT n.id, n.owner_id, o.score_band AS b, n.score_band AS a, o.score AS bs, n.score AS as_
        FROM old_rows o JOIN new_rows n USING (id)
        WHERE n.deleted_at IS NULL AND (o.score_band <> n.score_band
              OR (o.score <> n.score AND abs(n.score - o.score) >= least_))
    ), size AS (SELECT count(*) AS n FROM changed)
    INSERT INTO data_collection_changeevent
        (kind, object_id, rows, after_id, before_band, after_band, before_score, after_score, xact, at)
    SELECT 'lead.score_changed', id, 1, owner_id, b, a, bs, as_, pg_current_xact_id()::text::bigint, clock_timestamp()
    FROM changed, size WHERE size.n <= 100
    UNION ALL
    SELECT 'lead.score_changed', NULL, count(*), NULL::bigint, '', a, NULL, NULL,
           pg_current_xact_id()::text::bigint, clock_timestamp()
    FROM changed, size WHERE size.n > 100 GROUP BY a;
    RETURN NULL;
END $$;

-- New leads only for who asked for them: a first full load tells nobody anything.
CREATE FUNCTION data_collection_note_new_lead() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT data_collection_heard('lead.created') THEN
        RETURN NULL;
    END IF;
    WITH changed AS MATERIALIZED (
        SELECT id, owner_id AS after FROM new_rows WHERE owner_id IS NOT NULL AND deleted_at IS NULL
    ), size AS (SELECT count(*) AS n FROM changed)
    INSERT INTO data_collection_changeevent (kind, object_id, rows, after_id, before_band, after_band, xact, at)
    SELECT 'lead.created', id, 1, after, '', '', pg_current_xact_id()::text::bigint, clock_timestamp()
    FROM changed, size WHERE size.n <= 100
    UNION ALL
    SELECT 'lead.created', NULL, count(*), after, '', '', pg_current_xact_id()::text::bigint, clock_timestamp()
    FROM changed, size WHERE size.n > 100 GROUP BY after;
    RETURN NULL;
END $$;

CREATE TRIGGER note_owner AFTER UPDATE ON data_collection_lead REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION data_collection_note_owner('lead');
CREATE TRIGGER note_owner AFTER UPDATE ON data_collection_opportunity
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION data_collection_note_owner('opportunity');
CREATE TRIGGER note_owner AFTER UPDATE ON data_collection_account
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION data_collection_note_owner('account');
CREATE TRIGGER note_score AFTER UPDATE ON data_collection_lead REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION data_collection_note_score();
CREATE TRIGGER note_new AFTER INSERT ON data_collection_lead REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION data_collection_note_new_lead();

-- People are found by e-mail address in any case.
CREATE INDEX lead_email_upper ON data_collection_lead (upper(email::text));
CREATE INDEX contact_email_upper ON data_collection_contact (upper(email::text));
