update pos.tickets set synced_at = synced_at - interval 4 day;
