CREATE TABLE dim_date(date_key INTEGER, full_date DATE, year INTEGER, month INTEGER, month_name VARCHAR, day_name VARCHAR, is_weekend BOOLEAN, quarter INTEGER);
CREATE TABLE dim_user(user_key INTEGER, user_id VARCHAR, full_name VARCHAR, email VARCHAR, country_code VARCHAR, signup_date DATE, acquisition_channel VARCHAR, birth_year INTEGER, has_marketing_consent BOOLEAN, is_employee BOOLEAN);
CREATE TABLE dim_title(title_key INTEGER, title_name VARCHAR, title_type VARCHAR, genre VARCHAR, release_year INTEGER, runtime_seconds INTEGER, maturity_rating VARCHAR, is_original BOOLEAN, license_cost_cents BIGINT);
CREATE TABLE fct_play(play_id INTEGER, user_key INTEGER, title_key INTEGER, date_key INTEGER, started_at TIMESTAMP, watch_seconds INTEGER, is_completed BOOLEAN, device_type VARCHAR);
CREATE TABLE fct_subscription(subscription_id INTEGER, user_key INTEGER, plan_name VARCHAR, subscription_status VARCHAR, started_on DATE, ended_on DATE, monthly_price_cents INTEGER, is_trial BOOLEAN, is_auto_renew BOOLEAN, cancel_reason VARCHAR);
CREATE TABLE fct_payment(payment_id INTEGER, subscription_id INTEGER, user_key INTEGER, date_key INTEGER, amount_cents INTEGER, payment_method VARCHAR, payment_status VARCHAR);
CREATE TABLE fct_rating(rating_id INTEGER, user_key INTEGER, title_key INTEGER, stars INTEGER, rated_at TIMESTAMP, review_text VARCHAR);
