-- The personal fields of an erased row can't be filled again, by whatever way a value comes: import, connector,
-- webhook, API, admin or SQL. The other fields (status, owner, dates) go on following their system.
CREATE FUNCTION data_collection_keep_erased_contact() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.first_name := OLD.first_name;
    NEW.last_name := OLD.last_name;
    NEW.email := OLD.email;
    NEW.phone := OLD.phone;
    NEW.title := OLD.title;
    NEW.attributes := OLD.attributes;
    NEW.erased_at := OLD.erased_at;
    RETURN NEW;
END $$;

CREATE FUNCTION data_collection_keep_erased_lead() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.name := OLD.name;
    NEW.company := OLD.company;
    NEW.email := OLD.email;
    NEW.phone := OLD.phone;
    NEW.title := OLD.title;
    NEW.disqualified_reason := OLD.disqualified_reason;
    NEW.attributes := OLD.attributes;
    NEW.erased_at := OLD.erased_at;
    RETURN NEW;
END $$;

CREATE TRIGGER keep_erased BEFORE UPDATE ON data_collection_contact
    FOR EACH ROW WHEN (OLD.erased_at IS NOT NULL) EXECUTE FUNCTION data_collection_keep_erased_contact();
CREATE TRIGGER keep_erased BEFORE UPDATE ON data_collection_lead
    FOR EACH ROW WHEN (OLD.erased_at IS NOT NULL) EXECUTE FUNCTION data_collection_keep_erased_lead();
