delete from crm.orders where id >= 800;
