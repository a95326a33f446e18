COPY main."Categories" FROM 'main.Categories.csv' (HEADER, NULLSTR '\N');
COPY main."Suppliers" FROM 'main.Suppliers.csv' (HEADER, NULLSTR '\N');
COPY main."Products" FROM 'main.Products.csv' (HEADER, NULLSTR '\N');
COPY main."Employees" FROM 'main.Employees.csv' (HEADER, NULLSTR '\N');
COPY main."Shippers" FROM 'main.Shippers.csv' (HEADER, NULLSTR '\N');
COPY main."Customers" FROM 'main.Customers.csv' (HEADER, NULLSTR '\N');
COPY main."Orders" FROM 'main.Orders.csv' (HEADER, NULLSTR '\N');
COPY main."OrderDetails" FROM 'main.OrderDetails.csv' (HEADER, NULLSTR '\N');
