CREATE TABLE Categories("CategoryID" INTEGER PRIMARY KEY, "CategoryName" VARCHAR, "Description" VARCHAR);
CREATE TABLE Suppliers("SupplierID" INTEGER PRIMARY KEY, "CompanyName" VARCHAR, "ContactName" VARCHAR, "City" VARCHAR, "Country" VARCHAR, "Phone" VARCHAR);
CREATE TABLE Products("ProductID" INTEGER PRIMARY KEY, "ProductName" VARCHAR, "SupplierID" INTEGER, "CategoryID" INTEGER, "UnitPrice" DECIMAL(10,2), "UnitsInStock" INTEGER, "ReorderLevel" INTEGER, "Discontinued" BOOLEAN);
CREATE TABLE Employees("EmployeeID" INTEGER PRIMARY KEY, "FirstName" VARCHAR, "LastName" VARCHAR, "Title" VARCHAR, "HireDate" DATE, "ReportsTo" INTEGER, "OfficeCity" VARCHAR, "CommissionRate" DOUBLE);
CREATE TABLE Shippers("ShipperID" INTEGER PRIMARY KEY, "ShipperName" VARCHAR, "Phone" VARCHAR);
CREATE TABLE Customers("CustomerID" INTEGER PRIMARY KEY, "CompanyName" VARCHAR, "ContactName" VARCHAR, "City" VARCHAR, "Country" VARCHAR, "Email" VARCHAR, "Segment" VARCHAR, "CreatedAt" DATE);
CREATE TABLE Orders("OrderID" INTEGER PRIMARY KEY, "CustomerID" INTEGER, "EmployeeID" INTEGER, "OrderDate" DATE, "RequiredDate" DATE, "ShippedDate" DATE, "ShipperID" INTEGER, "Freight" DECIMAL(10,2), "ShipCountry" VARCHAR, "Status" VARCHAR);
CREATE TABLE OrderDetails("OrderID" INTEGER, "ProductID" INTEGER, "UnitPrice" DECIMAL(10,2), "Quantity" INTEGER, "Discount" DOUBLE, PRIMARY KEY ("OrderID", "ProductID"));
