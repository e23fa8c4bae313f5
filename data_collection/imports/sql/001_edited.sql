-- A mirror row names the import that last wrote it. Whatever else changes the row takes that number away, so
-- undoing an import knows the rows that are still as it left them. Imports and their undoing say so in
-- salesops.import_writes for the length of their transaction. Scores are no edit: the nightly run writes them.
CREATE FUNCTION data_collection_row_edited() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    computed CONSTANT text[] := '{batch_id,score,score_band}';
BEGIN
    IF to_jsonb(NEW) - computed IS DISTINCT FROM to_jsonb(OLD) - computed THEN
        NEW.batch_id := NULL;
    ELSE
        NEW.batch_id := OLD.batch_id;
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION data_collection_watch_edits(source text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format(
        'CREATE TRIGGER import_edited BEFORE UPDATE ON %I FOR EACH ROW'
        ' WHEN (coalesce(OLD.batch_id, NEW.batch_id) IS NOT NULL'
        ' AND coalesce(current_setting(''salesops.import_writes'', true), '''') = '''')'
        ' EXECUTE FUNCTION data_collection_row_edited()', source);
END $$;

SELECT data_collection_watch_edits('data_collection_' || name)
FROM unnest('{account,contact,lead,opportunity,opportunityline,stagevisit,opportunityowner,opportunitychange,activity,
    marketingevent,orderline,supportticket,deliveredhours}'::text[]) AS name;
