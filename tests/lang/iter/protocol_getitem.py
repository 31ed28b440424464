class Seq:
    def __getitem__(self, i):
        if i > 3:
            raise IndexError
        return i * i
    def __len__(self):
        return 4
print(list(Seq()), 9 in Seq(), list(reversed(Seq())), sum(Seq()), tuple(Seq()), max(Seq()))
a, *b = Seq()
print(a, b)
