/** In SQL: what synchronous_commit is set to for roles and databases, as json: each `{ value, whose }`. */
export const commitSettings = `(
  select coalesce(json_agg(json_build_object('value', split_part(setting, '=', 2), 'whose', coalesce(nullif(concat_ws(' in ',
      case when setrole <> 0 then 'role ' || pg_get_userbyid(setrole) end,
      'database ' || (select datname from pg_database where oid = setdatabase)), ''), 'all roles'))), '[]')
  from pg_db_role_setting, unnest(setconfig) as setting where starts_with(setting, 'synchronous_commit='))`;
