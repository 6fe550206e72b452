module shosoin/bench/load

go 1.22
