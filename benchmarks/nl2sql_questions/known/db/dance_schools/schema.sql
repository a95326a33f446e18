CREATE TABLE school(school_id BIGINT NOT NULL, school_name VARCHAR, city VARCHAR, opened_year BIGINT, studio_count BIGINT);
CREATE TABLE style(style_id BIGINT NOT NULL, style_name VARCHAR, origin VARCHAR);
CREATE TABLE teacher(teacher_id BIGINT NOT NULL, first_name VARCHAR, last_name VARCHAR, school_id BIGINT, hired_on DATE, hourly_rate DECIMAL(6,2));
CREATE TABLE course(course_id BIGINT NOT NULL, title VARCHAR, style_id BIGINT, school_id BIGINT, teacher_id BIGINT, level VARCHAR, monthly_fee DECIMAL(6,2), max_students BIGINT);
CREATE TABLE student(student_id BIGINT NOT NULL, student_name VARCHAR, birth_date DATE, hometown VARCHAR, joined_on DATE, guardian_name VARCHAR);
CREATE TABLE enrollment(student_id BIGINT, course_id BIGINT, enrolled_on DATE, dropped_on DATE);
CREATE TABLE attendance(course_id BIGINT, student_id BIGINT, class_date DATE, status VARCHAR);
CREATE TABLE recital(recital_id BIGINT NOT NULL, recital_title VARCHAR, school_id BIGINT, held_on DATE, ticket_price DECIMAL(6,2), tickets_sold BIGINT);
CREATE TABLE performs(recital_id BIGINT, student_id BIGINT, jury_score DECIMAL(4,1));
