-- A merged row stays marked as deleted, whatever its system still says of it: otherwise a new import of the row
-- would bring the duplicate back beside the row it was merged into.
CREATE FUNCTION data_collection_keep_merged() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.deleted_at := coalesce(OLD.deleted_at, now());
    RETURN NEW;
END $$;

CREATE TRIGGER keep_merged BEFORE UPDATE ON data_collection_account
    FOR EACH ROW WHEN (NEW.merged_into_id IS NOT NULL AND NEW.deleted_at IS NULL)
    EXECUTE FUNCTION data_collection_keep_merged();
CREATE TRIGGER keep_merged BEFORE UPDATE ON data_collection_contact
    FOR EACH ROW WHEN (NEW.merged_into_id IS NOT NULL AND NEW.deleted_at IS NULL)
    EXECUTE FUNCTION data_collection_keep_merged();
CREATE TRIGGER keep_merged BEFORE UPDATE ON data_collection_lead
    FOR EACH ROW WHEN (NEW.merged_into_id IS NOT NULL AND NEW.deleted_at IS NULL)
    EXECUTE FUNCTION data_collection_keep_merged();
