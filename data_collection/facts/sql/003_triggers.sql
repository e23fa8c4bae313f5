-- Every change of a source row marks the days whose facts it touches, in the transaction of the change.
-- Statement level, with transition tables: one pass over the changed rows, one mark per area and day.
-- Marks are only ever added, never updated: two imports do not wait for each other.

-- Arguments: columns that matter (an update of others marks nothing); a SELECT of (area, day_from, day_to)
-- from "touched", the changed rows before and after. '*' stands for every area.
CREATE FUNCTION data_collection_facts_mark() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    columns text[] := string_to_array(TG_ARGV[0], ',');
    o text := (SELECT string_agg('o.' || c, ', ') FROM unnest(columns) c);
    n text := (SELECT string_agg('n.' || c, ', ') FROM unnest(columns) c);
    plain text := array_to_string(columns, ', ');
    touched text;
BEGIN
    touched := CASE TG_OP
        WHEN 'INSERT' THEN format('SELECT id, %s FROM new_rows', plain)
        WHEN 'DELETE' THEN format('SELECT id, %s FROM old_rows', plain)
        ELSE format(
            'SELECT o.id, %1$s FROM old_rows o JOIN new_rows n USING (id) WHERE (%1$s) IS DISTINCT FROM (%2$s)'
            ' UNION ALL '
            'SELECT n.id, %2$s FROM old_rows o JOIN new_rows n USING (id) WHERE (%1$s) IS DISTINCT FROM (%2$s)', o, n)
        END;
    EXECUTE format(
        'WITH touched AS (%s) INSERT INTO data_collection_factdirty (area, day_from, day_to)'
        ' SELECT DISTINCT area, day_from, day_to FROM (%s) marks(area, day_from, day_to)'
        ' WHERE day_from IS NOT NULL', touched, TG_ARGV[1]);
    RETURN NULL;
END $$;

CREATE FUNCTION data_collection_facts_mark_all() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO data_collection_factdirty (area, day_from, day_to) VALUES ('*', '-infinity', 'infinity');
    RETURN NULL;
END $$;

-- A system's first order line, or the loss of its last, decides where all its revenue comes from.
CREATE FUNCTION data_collection_ordersystem_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        DELETE FROM data_collection_ordersystem;
        RETURN NULL;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        WITH added AS (
            INSERT INTO data_collection_ordersystem (system) SELECT DISTINCT system FROM new_rows
            ON CONFLICT DO NOTHING RETURNING system)
        INSERT INTO data_collection_factdirty (area, day_from, day_to)
        SELECT DISTINCT 'sale', o.close_date, o.close_date + 1
        FROM added JOIN data_collection_opportunity o USING (system) WHERE o.status = 'won';
    END IF;
    IF TG_OP <> 'INSERT' THEN
        WITH removed AS (
            DELETE FROM data_collection_ordersystem y
            WHERE y.system IN (SELECT DISTINCT system FROM old_rows)
              AND NOT EXISTS (SELECT 1 FROM data_collection_orderline l WHERE l.system = y.system)
            RETURNING system)
        INSERT INTO data_collection_factdirty (area, day_from, day_to)
        SELECT DISTINCT 'sale', o.close_date, o.close_date + 1
        FROM removed JOIN data_collection_opportunity o USING (system) WHERE o.status = 'won';
    END IF;
    RETURN NULL;
END $$;

-- Hang the marks on a table: three triggers, because a transition table belongs to one kind of change.
CREATE FUNCTION data_collection_facts_watch(source text, columns text, marks text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    call text := format('FOR EACH STATEMENT EXECUTE FUNCTION data_collection_facts_mark(%L, %L)', columns, marks);
BEGIN
    EXECUTE format('CREATE TRIGGER facts_insert AFTER INSERT ON %I REFERENCING NEW TABLE AS new_rows %s', source, call);
    EXECUTE format('CREATE TRIGGER facts_delete AFTER DELETE ON %I REFERENCING OLD TABLE AS old_rows %s', source, call);
    EXECUTE format('CREATE TRIGGER facts_update AFTER UPDATE ON %I REFERENCING OLD TABLE AS old_rows'
                   ' NEW TABLE AS new_rows %s', source, call);
    EXECUTE format('CREATE TRIGGER facts_truncate AFTER TRUNCATE ON %I FOR EACH STATEMENT'
                   ' EXECUTE FUNCTION data_collection_facts_mark_all()', source);
END $$;

SELECT data_collection_facts_watch('data_collection_activity', 'day,kind,rep_id,duration_minutes,deleted_at',
    'SELECT ''activity'', day, day + 1 FROM touched');

SELECT data_collection_facts_watch('data_collection_lead',
    'created_on,mql_on,sql_on,converted_on,disqualified_on,status,owner_id,segment_id,product_id,account_id,lead_source,deleted_at',
    'SELECT ''lead'', d, d + 1 FROM touched,
     LATERAL (VALUES (created_on), (mql_on), (sql_on), (converted_on), (disqualified_on)) v(d)');

SELECT data_collection_facts_watch('data_collection_opportunity',
    'system,created_on,close_date,status,amount,currency,discount,owner_id,account_id,product_id,lead_id,lead_source,deleted_at',
    'SELECT ''deal'', created_on, created_on + 1 FROM touched
     UNION ALL SELECT ''deal'', close_date, close_date + 1 FROM touched WHERE status <> ''open''
     UNION ALL SELECT ''sale'', close_date, close_date + 1 FROM touched WHERE status = ''won''
     UNION ALL SELECT ''deal'', c.changed_on, c.changed_on + 1
               FROM touched t JOIN data_collection_opportunitychange c ON c.opportunity_id = t.id
     UNION ALL SELECT ''sale'', l.ordered_on, l.ordered_on + 1
               FROM touched t JOIN data_collection_orderline l ON l.opportunity_id = t.id
     UNION ALL SELECT ''lead'', l.created_on, l.created_on + 1
               FROM touched t JOIN data_collection_lead l ON l.id = t.lead_id');

SELECT data_collection_facts_watch('data_collection_opportunitychange',
    'opportunity_id,field,changed_on,old_date,new_date,deleted_at',
    'SELECT ''deal'', changed_on, changed_on + 1 FROM touched WHERE field = ''close_date''');

SELECT data_collection_facts_watch('data_collection_opportunityline',
    'opportunity_id,quantity,deleted_at',
    'SELECT ''sale'', o.close_date, o.close_date + 1
     FROM touched t JOIN data_collection_opportunity o ON o.id = t.opportunity_id WHERE o.status = ''won''');

SELECT data_collection_facts_watch('data_collection_opportunityowner',
    'opportunity_id,rep_id,valid_from,valid_to,deleted_at',
    'SELECT ''deal'', d, d + 1
     FROM touched t JOIN data_collection_opportunity o ON o.id = t.opportunity_id,
     LATERAL (VALUES (o.created_on), (o.close_date)) v(d)
     UNION ALL SELECT ''sale'', o.close_date, o.close_date + 1
     FROM touched t JOIN data_collection_opportunity o ON o.id = t.opportunity_id WHERE o.status = ''won''
     UNION ALL SELECT ''deal'', c.changed_on, c.changed_on + 1
     FROM touched t JOIN data_collection_opportunitychange c ON c.opportunity_id = t.opportunity_id');

SELECT data_collection_facts_watch('data_collection_orderline',
    'system,ordered_on,owner_id,segment_id,product_id,account_id,opportunity_id,quantity,amount,currency,profit,discount,is_returned,deleted_at',
    'SELECT ''sale'', ordered_on, ordered_on + 1 FROM touched');
CREATE TRIGGER facts_system_insert AFTER INSERT ON data_collection_orderline
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION data_collection_ordersystem_keep();
CREATE TRIGGER facts_system_delete AFTER DELETE ON data_collection_orderline
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION data_collection_ordersystem_keep();
CREATE TRIGGER facts_system_update AFTER UPDATE ON data_collection_orderline
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION data_collection_ordersystem_keep();
CREATE TRIGGER facts_system_truncate AFTER TRUNCATE ON data_collection_orderline
    FOR EACH STATEMENT EXECUTE FUNCTION data_collection_ordersystem_keep();

-- An account's segment is a dimension of its deals, orders and leads. A new account has none of them yet.
SELECT data_collection_facts_watch('data_collection_account', 'segment_id',
    'SELECT ''deal'', d, d + 1
     FROM touched t JOIN data_collection_opportunity o ON o.account_id = t.id,
     LATERAL (VALUES (o.created_on), (o.close_date)) v(d)
     UNION ALL SELECT ''sale'', o.close_date, o.close_date + 1
     FROM touched t JOIN data_collection_opportunity o ON o.account_id = t.id WHERE o.status = ''won''
     UNION ALL SELECT ''deal'', c.changed_on, c.changed_on + 1
     FROM touched t JOIN data_collection_opportunity o ON o.account_id = t.id
     JOIN data_collection_opportunitychange c ON c.opportunity_id = o.id
     UNION ALL SELECT ''sale'', l.ordered_on, l.ordered_on + 1
     FROM touched t JOIN data_collection_orderline l ON l.account_id = t.id
     UNION ALL SELECT ''lead'', d, d + 1
     FROM touched t JOIN data_collection_lead l ON l.account_id = t.id,
     LATERAL (VALUES (l.created_on), (l.mql_on), (l.sql_on), (l.converted_on), (l.disqualified_on)) v(d)');
DROP TRIGGER facts_insert ON data_collection_account;

SELECT data_collection_facts_watch('data_collection_teammembership', 'rep_id,team_id,valid_from,valid_to',
    'SELECT ''*'', valid_from, coalesce(valid_to, ''infinity'') FROM touched');
SELECT data_collection_facts_watch('data_collection_territorymember', 'rep_id,territory_id,valid_from,valid_to,is_primary',
    'SELECT ''*'', valid_from, coalesce(valid_to, ''infinity'') FROM touched');

-- A rate holds until the currency's next one.
SELECT data_collection_facts_watch('salesops_fxrate', 'currency,day,rate',
    'SELECT a.area, t.day, coalesce((SELECT min(f.day) FROM salesops_fxrate f
                                     WHERE f.currency = t.currency AND f.day > t.day), ''infinity'')
     FROM touched t, (VALUES (''deal''), (''sale'')) a(area)');
SELECT data_collection_facts_watch('salesops_company', 'reporting_currency',
    'SELECT ''*'', ''-infinity''::date, ''infinity''::date FROM touched');
