"""The order of sets of numbers is that of the reference, whatever made them."""
import random
r=random.Random(77)
pool=[0.1,10,2,26,-11,1,float('inf'),True,1.5,3.25,1e300,7,2**61,2**70,-1,-2,100,33,65]
bad=0
for n in range(150):
    xs=[r.choice(pool) for _ in range(r.randint(0,20))]
    ys=[r.choice(pool) for _ in range(r.randint(0,20))]
    a=set(xs); b=set(ys)
    rows=[list(a), list(a|b), list(a&b), list(a-b), list(a^b), list(a.copy()), list(a.union(ys)), list(a.intersection(ys)), list(a.difference(ys)), list(a.symmetric_difference(ys)), list(frozenset(ys)), list({*xs,*ys}), list(set(dict.fromkeys(xs))), list(set(a)), list({x for x in xs})]
    c=set(xs); c|=b; rows.append(list(c)); c-=set(xs[:3]); rows.append(list(c)); c&=set(ys[:5]); rows.append(list(c)); c^=a; rows.append(list(c)); 
    c=set(xs)
    for x in ys[:4]: c.discard(x)
    c.update(ys); rows.append(list(c)); c.clear(); c.update(a); rows.append(list(c)); 
    c=set(xs); 
    if c: c.pop(); 
    rows.append(list(c)); c.add(26); rows.append(list(c)); rows.append(list(c|{5})); rows.append(list(set(c))); rows.append(list(c-{1})); rows.append(list(c & {10,2,26,0.1}))
    print(n, xs, ys); 
    for i,row in enumerate(rows): print(i,row)
