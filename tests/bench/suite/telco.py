"""Telephone bills in decimal arithmetic: rates, rounding, taxes, totals."""
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Context, Decimal

two = Decimal("0.01")
down, even = Context(rounding=ROUND_DOWN), Context(rounding=ROUND_HALF_EVEN)
rates = (Decimal("0.0013"), Decimal("0.00894"))
tax, long_tax = Decimal("0.0675"), Decimal("0.0341")
bill = taxes = long_taxes = Decimal(0)
seconds = 97
for i in range(800):
    seconds = seconds * 1103 % 100003
    far = seconds & 1
    price = (Decimal(seconds) * rates[far]).quantize(two, context=even)
    t = (price * tax).quantize(two, context=down)
    taxes += t
    total = price + t
    if far:
        t = (price * long_tax).quantize(two, context=down)
        long_taxes += t
        total += t
    bill += total
print(bill, taxes, long_taxes)
