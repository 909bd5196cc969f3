-- Whether a refused event's ids are already those that its project keeps: a replay leaves them so.
ALTER TABLE rejected$local $on_cluster ADD COLUMN IF NOT EXISTS rekeyed Bool DEFAULT false;
