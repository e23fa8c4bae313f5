-- Two grains of the same sums: by day and by month. Dimensions may be NULL (no owner, no team).

CREATE TABLE data_collection_activityfact (
    day date NOT NULL, rep_id bigint, team_id bigint, territory_id bigint,
    activities_n integer, emails_n integer, calls_n integer, meetings_n integer, demos_n integer,
    proposals_n integer, others_n integer, minutes numeric(14, 1)
);
CREATE INDEX activityfact_day ON data_collection_activityfact (day);
CREATE TABLE data_collection_activitymonth (LIKE data_collection_activityfact INCLUDING DEFAULTS);
CREATE INDEX activitymonth_day ON data_collection_activitymonth (day);

CREATE TABLE data_collection_dealfact (
    day date NOT NULL, rep_id bigint, team_id bigint, territory_id bigint,
    segment_id bigint, product_id bigint, source varchar(60),
    created_n integer, created_amount numeric(22, 4),
    cohort_won_n integer, cohort_lost_n integer, cohort_open_n integer,
    won_n integer, won_amount numeric(22, 4), won_amount_n integer, won_days integer, won_days_n integer,
    lost_n integer, lost_amount numeric(22, 4), lost_amount_n integer, lost_days integer, lost_days_n integer,
    pushed_n integer, pushed_amount numeric(22, 4)
);
CREATE INDEX dealfact_day ON data_collection_dealfact (day);
CREATE TABLE data_collection_dealmonth (LIKE data_collection_dealfact INCLUDING DEFAULTS);
CREATE INDEX dealmonth_day ON data_collection_dealmonth (day);

CREATE TABLE data_collection_leadfact (
    day date NOT NULL, rep_id bigint, team_id bigint, territory_id bigint,
    segment_id bigint, product_id bigint, source varchar(60),
    leads_n integer, leads_mql_n integer, leads_sql_n integer, leads_converted_n integer, leads_won_n integer,
    mqls_n integer, sqls_n integer, converted_n integer, disqualified_n integer
);
CREATE INDEX leadfact_day ON data_collection_leadfact (day);
CREATE TABLE data_collection_leadmonth (LIKE data_collection_leadfact INCLUDING DEFAULTS);
CREATE INDEX leadmonth_day ON data_collection_leadmonth (day);

CREATE TABLE data_collection_salefact (
    day date NOT NULL, rep_id bigint, team_id bigint, territory_id bigint,
    segment_id bigint, product_id bigint, source varchar(60),
    sales_n integer, revenue numeric(22, 4), units numeric(18, 3),
    profit numeric(22, 4), profit_revenue numeric(22, 4),
    list_amount numeric(22, 4), discount_amount numeric(22, 4), returned_amount numeric(22, 4)
);
CREATE INDEX salefact_day ON data_collection_salefact (day);
CREATE TABLE data_collection_salemonth (LIKE data_collection_salefact INCLUDING DEFAULTS);
CREATE INDEX salemonth_day ON data_collection_salemonth (day);

-- What already lies in the mirror is counted by the first refresh.
INSERT INTO data_collection_ordersystem (system) SELECT DISTINCT system FROM data_collection_orderline;
INSERT INTO data_collection_factdirty (area, day_from, day_to) VALUES ('*', '-infinity', 'infinity');
