COPY xch.member FROM 'xch.member.csv' (FORMAT csv, HEADER, NULLSTR '\N');
COPY xch.instrument FROM 'xch.instrument.csv' (FORMAT csv, HEADER, NULLSTR '\N');
COPY xch.trade_order FROM 'xch.trade_order.csv' (FORMAT csv, HEADER, NULLSTR '\N');
COPY xch.trade FROM 'xch.trade.csv' (FORMAT csv, HEADER, NULLSTR '\N');
COPY xch.settlement FROM 'xch.settlement.csv' (FORMAT csv, HEADER, NULLSTR '\N');
COPY xch.daily_close FROM 'xch.daily_close.csv' (FORMAT csv, HEADER, NULLSTR '\N');
COPY xch.member_limit_snapshot FROM 'xch.member_limit_snapshot.csv' (FORMAT csv, HEADER, NULLSTR '\N');
COPY xch.trading_halt FROM 'xch.trading_halt.csv' (FORMAT csv, HEADER, NULLSTR '\N');
