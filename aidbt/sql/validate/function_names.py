"""Functions by name: those that only compute, and those that a query may not call, with why.

What sqlglot has a class for is not listed here (`aidbt.sql.validate.functions` judges the classes). The first
lists are the catalogs of DuckDB 2.0, PostgreSQL 18 and Spark 4.1 without their internals; the others are the
vendors' references. A name that only computes in one system does so, or does not exist, in the others, so
that the lists count for every dialect: whether a function exists at all is for the engine to say.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_DUCKDB = """
    add age aggregate ago arbitrary arg_max_null arg_max_nulls_last arg_min_null arg_min_nulls_last
    array_aggr array_aggregate array_apply array_cosine_distance array_cosine_similarity
    array_cross_product array_distance array_dot_product array_extract array_grade_up array_has_any
    array_indexof array_inner_product array_negative_dot_product array_negative_inner_product
    array_pop_back array_pop_front array_push_back array_push_front array_reduce array_resize array_select
    array_to_json array_to_string_comma_default array_transform array_unique array_value array_where
    array_zip assert_true bar base64 bin binom bit_count bit_position bitstring bitstring_agg cardinality
    century count_star current_localtime damerau_levenshtein date_part date_sub datepart datesub
    days_in_month decade decimal_average decimal_division divide element_at entropy enum_code enum_first
    enum_last enum_range enum_range_boundary epoch_ns epoch_us equi_width_bins era error even favg fdiv
    fill fmod format_bytes from_binary from_json_strict fsum gamma gcd generate_subscripts geomean
    geometric_mean get_current_timestamp get_type getvariable grade_up greatest_common_divisor hamming
    histogram histogram_exact histogram_values icu_sort_key isfinite isoyear jaccard jaro_similarity
    json_array_length json_contains json_deep_merge json_each json_exists json_group_array
    json_group_object json_group_structure json_insert json_merge_patch json_merge_patch_diff
    json_normalize json_pretty json_quote json_replace json_serialize_sql json_structure json_transform
    json_tree json_valid json_value julian kahan_sum kurtosis_pop lcm least_common_multiple left_grapheme
    length_grapheme lgamma list_aggr list_aggregate list_any_value list_apply list_approx_count_distinct
    list_avg list_bit_and list_bit_or list_bit_xor list_bool_and list_bool_or list_cat
    list_cosine_similarity list_count list_dot_product list_element list_entropy list_extract list_first
    list_grade_up list_has_all list_histogram list_indexof list_inner_product list_intersect list_kurtosis
    list_kurtosis_pop list_last list_mad list_median list_mode list_negative_dot_product
    list_negative_inner_product list_pack list_position list_product list_reduce list_resize list_reverse
    list_select list_sem list_skewness list_slice list_stddev_pop list_stddev_samp list_string_agg
    list_sum list_unique list_var_pop list_var_samp list_where list_zip lttb mad make_timestamp_ms
    make_timestamp_ns make_timestamptz map_concat map_contains map_contains_entry map_contains_value
    map_entries map_extract map_extract_value map_values match_bm25 md5_number md5_number_lower
    md5_number_upper mean microsecond millennium millisecond mismatches multiply nan nanosecond nextafter
    nfc_normalize now octet_length ord parse_dirname parse_dirpath parse_filename parse_formatted_bytes
    parse_path path_join pg_size_pretty pg_typeof prefix printf product rank_dense regexp_escape
    regexp_split_to_array regexp_split_to_table repeat_row reservoir_quantile right_grapheme round_even
    roundbankers row row_to_json sem set_bit signbit stem strip_accents strlen struct_concat
    struct_contains struct_extract_at struct_has struct_insert struct_keys struct_position struct_update
    struct_values substring_grapheme subtract suffix sum_no_overflow sumkahan summary timezone
    timezone_hour timezone_minute to_base to_centuries to_decades to_hours to_json to_microseconds
    to_millennia to_milliseconds to_minutes to_months to_quarters to_seconds to_weeks to_years
    transaction_timestamp try_strptime unbin union_extract union_tag union_value url_decode url_encode
    user uuid_extract_timestamp uuid_extract_version uuidv4 uuidv7 variant_array_length variant_contains
    variant_exists variant_extract variant_extract_string variant_group_array variant_group_object
    variant_keys variant_type variant_typeof wavg weekday weighted_avg yearweek
"""
_POSTGRES = """
    abbrev acosd akeys area array_dims array_fill array_lower array_ndims array_positions array_replace
    array_sample array_shuffle array_to_tsvector array_upper asind atan2d atand avals bit bool box bpchar
    broadcast bytea casefold cash_words center cidr circle clock_timestamp col_description convert_from
    convert_to cosd cosine_distance cotd crc32 crc32c crypt date_subtract datemultirange daterange
    diameter digest dmetaphone erf erfc every family float4 float8 format_type gen_random_bytes gen_salt
    get_byte hashtext hashtextextended height hostmask hstore hstore_to_json hstore_to_jsonb inner_product
    int2 int4 int4multirange int4range int8 int8multirange int8range interpolate interval is_normalized
    isclosed isempty json_agg_strict json_array_elements json_array_elements_text json_build_array
    json_build_object json_each_text json_object_agg_strict json_object_agg_unique
    json_object_agg_unique_strict json_object_keys json_populate_record json_populate_recordset
    json_to_record json_to_recordset json_to_tsvector json_typeof jsonb_agg jsonb_agg_strict
    jsonb_array_elements jsonb_array_elements_text jsonb_array_length jsonb_build_array jsonb_build_object
    jsonb_each jsonb_each_text jsonb_insert jsonb_object jsonb_object_agg_strict jsonb_object_agg_unique
    jsonb_object_agg_unique_strict jsonb_object_keys jsonb_path_exists jsonb_path_exists_tz
    jsonb_path_match jsonb_path_match_tz jsonb_path_query jsonb_path_query_array jsonb_path_query_array_tz
    jsonb_path_query_first jsonb_path_query_first_tz jsonb_path_query_tz jsonb_populate_record
    jsonb_populate_record_valid jsonb_populate_recordset jsonb_pretty jsonb_set jsonb_set_lax
    jsonb_strip_nulls jsonb_to_record jsonb_to_recordset jsonb_to_tsvector jsonb_typeof l2_distance line
    locf lower_inc lower_inf lseg macaddr macaddr8 make_date masklen metaphone min_scale money multirange
    name netmask network num_nonnulls num_nulls numeric nummultirange numnode numrange obj_description
    overlaps parse_ident path pg_column_compression pg_column_size pg_input_is_valid pg_size_bytes
    phraseto_tsquery plainto_tsquery point polygon quote_ident quote_literal quote_nullable radius
    random_normal range_agg range_intersect_agg range_merge regexp_match regexp_matches scale set_byte
    set_masklen setweight sha224 similarity sind skeys slope statement_timestamp strict_word_similarity
    string_to_table strip svals tand text time_bucket_gapfill timeofday timestamptz timetz to_ascii to_bin
    to_jsonb to_oct to_tsquery to_tsvector trim_array trim_scale ts_delete ts_filter ts_headline ts_rank
    ts_rank_cd tsmultirange tsquery_phrase tsrange tstzmultirange tstzrange tsvector_to_array unaccent
    unicode_assigned unicode_version unistr upper_inc upper_inf uuid_generate_v1 uuid_generate_v4
    uuid_generate_v5 uuid_nil varbit varchar websearch_to_tsquery width word_similarity xml
    xml_is_well_formed xml_is_well_formed_content xml_is_well_formed_document xmlagg xmlcomment xmlexists
    xmltext xpath xpath_exists
"""
_SPARK = """
    aes_decrypt aes_encrypt array_repeat array_union arrays_overlap bigint binary bitmap_and_agg bround
    btrim collect_union conv count_min_sketch counter_diff decimal expm1 find_in_set forall format_number
    from_avro from_csv from_protobuf from_xml get histogram_numeric hll_sketch_agg hll_sketch_estimate
    hll_union hll_union_agg hmac hypot inline_outer input_file_name is_valid_utf8 is_valid_variant
    is_variant_null isnotnull isnull jaro_winkler_similarity json_tuple kll_merge_agg_bigint
    kll_merge_agg_double kll_merge_agg_float kll_sketch_agg_bigint kll_sketch_agg_double
    kll_sketch_agg_float kll_sketch_get_n_bigint kll_sketch_get_n_double kll_sketch_get_n_float
    kll_sketch_get_quantile_bigint kll_sketch_get_quantile_double kll_sketch_get_quantile_float
    kll_sketch_get_rank_bigint kll_sketch_get_rank_double kll_sketch_get_rank_float
    kll_sketch_merge_bigint kll_sketch_merge_double kll_sketch_merge_float kll_sketch_to_string_bigint
    kll_sketch_to_string_double kll_sketch_to_string_float log1p luhn_check make_dt_interval make_time
    make_timestamp_ltz make_timestamp_ntz make_valid_utf8 make_ym_interval map_filter map_zip_with mask
    measure monotonically_increasing_id nullifzero pmod positive quote raise_error regexp schema_of_avro
    schema_of_csv schema_of_json schema_of_variant schema_of_variant_agg schema_of_xml sentences
    session_window shiftrightunsigned smallint some spark_partition_id std theta_difference
    theta_intersection theta_intersection_agg theta_sketch_agg theta_sketch_estimate theta_union
    theta_union_agg time_bucket time_from_micros time_from_millis time_from_seconds time_to_micros
    time_to_millis time_to_seconds timestamp_micros timestamp_millis timestamp_nanos timestamp_seconds
    tinyint to_avro to_csv to_protobuf to_time to_timestamp_ltz to_timestamp_ntz to_varchar
    to_variant_object to_xml transform_keys transform_values try_aes_decrypt try_avg try_make_interval
    try_make_timestamp try_make_timestamp_ltz try_make_timestamp_ntz try_mod try_parse_json try_parse_url
    try_sum try_to_binary try_to_date try_to_number try_to_time try_to_timestamp try_url_decode
    try_validate_utf8 try_variant_array_append try_variant_get try_variant_insert try_variant_set
    unix_nanos validate_utf8 variant_array_append variant_delete variant_explode variant_explode_outer
    variant_get variant_insert variant_set variant_strip_nulls vector_avg vector_cosine_similarity
    vector_inner_product vector_l2_distance vector_norm vector_normalize vector_sum version when window
    window_time xpath_boolean xpath_double xpath_float xpath_int xpath_long xpath_number xpath_short
    xpath_string xxhash64 zeroifnull zip_with
"""
_SNOWFLAKE = """
    as_array as_binary as_boolean as_char as_date as_decimal as_double as_integer as_number as_object
    as_real as_time as_timestamp_ltz as_timestamp_ntz as_timestamp_tz as_varchar bitmap_build_agg
    conditional_change_event conditional_true_event haversine hll_accumulate hll_combine hll_estimate
    hll_export hll_import in is_binary is_boolean is_char is_database_role_in_session is_date
    is_date_value is_decimal is_double is_integer is_object is_real is_role_in_session is_time
    is_timestamp_ltz is_timestamp_ntz is_timestamp_tz is_varchar object_delete object_pick ratio_to_report
    squared to_object try_to_geography try_to_geometry
"""
_BIGQUERY = """
    aead.decrypt_bytes aead.decrypt_string aead.encrypt array_is_distinct bag_of_words
    deterministic_decrypt_bytes deterministic_decrypt_string deterministic_encrypt from_proto
    generate_range_array hll_count.extract hll_count.init hll_count.merge hll_count.merge_partial
    ieee_divide json_flatten kll_quantiles.extract_float64 kll_quantiles.extract_int64
    kll_quantiles.extract_point_float64 kll_quantiles.extract_point_int64 kll_quantiles.init_float64
    kll_quantiles.init_int64 kll_quantiles.merge_float64 kll_quantiles.merge_int64
    kll_quantiles.merge_partial kll_quantiles.merge_point_float64 kll_quantiles.merge_point_int64 net.host
    net.ip_from_string net.ip_net_mask net.ip_to_string net.ip_trunc net.ipv4_from_int64 net.ipv4_to_int64
    net.public_suffix net.reg_domain net.safe_ip_from_string offset ordinal proto_default_if_null
    range_contains range_end range_intersect range_overlaps range_sessionize range_start
    s2_cellidfrompoint s2_coveringcellids safe_offset safe_ordinal text_analyze tf_idf
"""
_REDSHIFT = """
    array_flatten bpcharcmp checksum date_cmp date_cmp_timestamp date_cmp_timestamptz date_part_year dexp
    dlog1 dlog10 fnv_hash from_varbyte func_sha1 get_array_length get_json_object hll_cardinality
    hll_combine_sketches hll_create_sketch interval_cmp is_bigint is_float is_scalar is_smallint
    is_valid_json is_valid_json_array json_extract_array_element_text json_serialize
    json_serialize_to_varbyte json_size octetindex subarray text_to_int_alt text_to_numeric_alt
    timestamp_cmp timestamp_cmp_date timestamp_cmp_timestamptz timestamptz_cmp to_varbyte
"""
_TRINO = """
    all_match any_match approx_most_frequent approx_set array_histogram at_timezone beta_cdf bing_tile
    bitwise_left_shift bitwise_right_shift bitwise_right_shift_arithmetic build_geo_hash classify
    codepoint color combinations contains_sequence convex_hull_agg cosine_similarity detect_language
    empty_approx_set evaluate_classifier_predictions features format_datetime from_base64url
    from_big_endian_32 from_big_endian_64 from_encoded_polyline from_geojson_geometry from_ieee754_32
    from_ieee754_64 from_unixtime_nanos geometry_from_hadoop_shape geometry_invalid_reason
    geometry_nearest_points geometry_to_bing_tiles geometry_union geometry_union_agg great_circle_distance
    hamming_distance hash_counts hmac_md5 hmac_sha1 hmac_sha256 hmac_sha512 human_readable_seconds index
    infinity intersection_cardinality inverse_beta_cdf inverse_normal_cdf is_finite is_infinite
    is_json_scalar jaccard_index json_array_get learn_classifier line_interpolate_point line_locate_point
    make_set_digest map_agg map_union merge merge_set_digest multimap_agg multimap_from_entries murmur3
    nan ngrams none_match normal_cdf numeric_histogram parse_data_size parse_duration
    parse_presto_data_size qdigest_agg quantile_at_value reduce_agg regexp_position render rgb
    simplify_geometry spatial_partitions split_to_multimap spooky_hash_v2_32 spooky_hash_v2_64 tdigest_agg
    to_base64url to_big_endian_32 to_big_endian_64 to_encoded_polyline to_geojson_geometry to_ieee754_32
    to_ieee754_64 to_iso8601 to_spherical_geography url_extract_fragment url_extract_host
    url_extract_parameter url_extract_path url_extract_port url_extract_protocol url_extract_query
    value_at_quantile values_at_quantiles wilson_interval_lower wilson_interval_upper with_timezone
    word_stem yow zip
"""
_OTHERS = """
    addtime anyheavy anylast arrayall arrayconcat arraycount arraydistinct arrayelement arrayenumerate
    arrayexists arrayfilter arrayflatten arrayjoin arraymap arrayreversesort arrayslice arraysort arraysum
    arrayzip assumenotnull avgif binary_checksum bit_and bit_or bit_xor charset checksum_agg choose
    cityhash64 col_length date date_format datediff_big datename datetime datetime2fromparts
    datetimefromparts datetimeoffsetfromparts dictget dictgetordefault difference eomonth exist extractall
    extractvalue formatdatetime formatmessage from_days from_hex from_unixtime fromunixtimestamp
    fromunixtimestamp64milli generateuuidv4 grouparray groupbitand groupbitor groupbitxor groupuniqarray
    hasany hash inet6_aton inet6_ntoa inet_aton inet_ntoa intdiv isdate isnumeric json_array json_arrayagg
    json_contains_path json_depth json_length json_modify json_overlaps json_path_exists json_query
    json_search json_to_array json_unquote jsonextract jsonextractarrayraw jsonextractbool
    jsonextractfloat jsonextractint jsonextractraw jsonextractstring jsonhas julianday laginframe
    leadinframe lengthutf8 lnnvl lowerutf8 makedate maketime mapcontains mapkeys mapvalues minus mleast
    modulo multiif nchar neighbor newid nodes oct parsedatetimebesteffort parsedatetimebesteffortornull
    parsename patindex period_add period_diff plus quantileexact quantiles quantiletiming quotename
    replaceall replaceone replaceregexpall replaceregexpone replicate rownumberinallblocks rowversion
    runningdifference search sec_to_time siphash64 smalldatetimefromparts splitbychar splitbystring
    sql_variant_property str strftime string_escape string_split subdate substringutf8 subtime sumif
    switchoffset
    sysdatetime sysdatetimeoffset sysutcdatetime time_format time_to_sec timediff to_clob to_multi_byte
    to_nchar to_single_byte todate todate32 todatetime todatetime64 todatetimeoffset today todayofmonth
    todayofweek todayofyear todecimal128 todecimal32 todecimal64 tofloat32 tofloat64 tofloat64ornull
    tofloat64orzero tohour toint16 toint32 toint32ornull toint32orzero toint64 toint64ornull toint64orzero
    toint8 tointervalday tointervalhour tointervalminute tointervalmonth tointervalsecond tointervalweek
    tointervalyear tominute tomonday tomonth tonullable toquarter tosecond tostartofday tostartofhour
    tostartofinterval tostartofminute tostartofmonth tostartofquarter tostartofweek tostartofyear tostring
    total totypename touint16 touint32 touint64 touint8 tounixtimestamp tounixtimestamp64milli touuid
    toyear toyyyymm toyyyymmdd toyyyymmddhhmmss transform try_parse tuple tupleelement uniq uniqcombined
    uniqexact uniqif unix_timestamp unixepoch untuple upperutf8 uuid_to_bin validate_conversion value view
    xmlattributes xmlforest xmlparse xmlroot xmlserialize xxhash32 yesterday
"""
# What makes rows of numbers; how many is another question (`aidbt.sql.validate.generators`).
_SERIES = """
    generate_array generate_date_array generate_series numbers range sequence
"""
# Names that stand where functions stand but are words of the language.
_WORDS = """
    all any approximate array cast columns cube distinct exclude exists filter grouping grouping_sets in
    interval like map not nullif offset ordinal over rollup row struct table tablesample unnest values
    variadic
"""

COMPUTING = frozenset(
    name
    for names in (
        _DUCKDB, _POSTGRES, _SPARK, _SNOWFLAKE, _BIGQUERY, _REDSHIFT, _TRINO, _OTHERS, _SERIES, _WORDS,
    )
    for name in names.split()
)  # fmt: skip
"""Names of functions, in lower case, that give a value of their arguments and do nothing else. A name with a
dot is one that its system only knows with what stands before it."""

# Geometry (SQL/MM's prefix) and H3, of which each system has its own hundreds (the few that read files are
# refused); what PostgreSQL tells of its catalog to everybody; ClickHouse's aggregates with their endings.
COMPUTING_FAMILIES = re.compile(
    r"(st|h3)_\w+"
    r"|pg_\w+_is_visible|has_\w+_privilege|pg_has_role|pg_get_(expr|viewdef|constraintdef|indexdef|userbyid)"
    r"|(uniq|sum|min|max|avg|count|any|arg|group|quantile|delta|topk)\w*(if|state|merge|map)"
)


class Refusal(NamedTuple):
    """Functions that a query may not call.

    Attributes:
        what: what such a function does, as it is said of one of them.
        names: a pattern that the whole name in lower case must match.
    """

    what: str
    names: re.Pattern[str]


def _refusal(what: str, *patterns: str) -> Refusal:
    return Refusal(what, re.compile("|".join(patterns)))


REFUSALS = (
    _refusal(
        "reads files or addresses outside of the database",
        r"read_(csv|json|ndjson|text|blob|parquet|duckdb|single_|xlsx|avro|files|kafka|kinesis|pubsub|pulsar)\w*",
        r"(parquet|csv|json|arrow|pandas|python_arrow|seq|lance|vortex|cloud_files)_scan\w*",
        r"parquet_(metadata|schema|file_metadata|kv_metadata|full_metadata|bloom_probe)",
        r"glob|sniff_csv|st_read\w*|cloud_files\w*|load_file|opendatasource|openrowset|bfilename",
        r"pg_(read_|ls_|stat_file|file_|current_logfile)\w*|lo_\w+|loread|lowrite",
        r"(list|get|build)_(stage|presigned|scoped|relative|absolute)\w*|infer_schema|to_file|fl_\w+",
        r"(url|file|s3|gcs|hdfs|azureblobstorage|deltalake|hudi|iceberg)(cluster)?|input",
        r"https?_\w+|http|curl\w*|url_(get|post)|utl_http\w*|utl_file\w*|urifactory",
    ),
    _refusal(
        "reads another database or server",
        r"(sqlite|postgres|mysql|mssql|odbc|iceberg|delta|ducklake|bigquery|snowflake|unity)_(scan|query|attach|metadata"
        r"|snapshots|execute|table)\w*",
        r"external_query|dblink\w*|openquery|remote(secure)?|mysql|postgresql|sqlite|mongodb|redis|jdbc|odbc"
        r"|remote_query|result_scan|table_changes|cluster(allreplicas)?",
    ),
    _refusal(
        "runs SQL that is given to it as a text",
        r"query|query_table|json_execute_serialized_sql|from_substrait\w*|query_to_xml\w*|cursor_to_xml\w*",
        r"(table|schema|database)_to_xml\w*|ts_stat|ts_rewrite|crosstab\w*|connectby|xp_\w+|sp_\w+|execute_\w+",
        r"identifier|eval\w*|raw_query|dbms_\w+",
    ),
    _refusal(
        "tells of the server, its settings or its secrets",
        r"getenv|current_setting|duckdb_\w+|pragma_\w+|which_secret|secret|try_secret|pg_(config|settings|show|hba|ident)\w*",
        r"pg_(stat|backend|lock|control|replication|logical|wal|available|cursor|prepared|get_(wal|backend|loaded|shmem)"
        r"|relation_filepath|tablespace|postmaster|conf)\w*",
        r"inet_(server|client)_(addr|port)|system\$\w+|python_worker_logs|sys_context|serverproperty|hostname|fqdn",
        r"get_ddl|collations|sql_keywords|test_all_types|test_vector_types",
    ),
    _refusal(
        "changes something",
        r"nextval|setval|set_config|setseed|pg_(notify|cancel|terminate|reload|rotate|promote|advisory|try_advisory|switch"
        r"|create|drop|export|import|restore|log|sync|copy|clear|extension_config)\w*",
        r"write_log|(en|dis)able_(logging|profil)\w*|truncate_duckdb_logs|(force_)?checkpoint|\w*external_resource\w*",
        r"binary_upgrade_\w+|gin_clean_pending_list|brin_\w+|keys\.\w+|txid_current|pg_current_xact_id\w*",
    ),
    _refusal("only waits", r"(pg_)?sleep(_\w+)?|sleepeachrow|sleep_ms|wait\w*|benchmark|get_lock"),
    _refusal(
        "runs code outside of the database",
        r"java_method|(try_)?reflect|python_map_function|sys_eval|sys_exec|executable|plpython\w*",
    ),
    _refusal(
        "asks a language model or another paid service",
        r"(ml|ai|snowflake\.cortex|cortex)\.\w+|(try_)?ai_\w+|ml_\w+|cortex_\w+",
    ),
)
