// What the two halves of testcase.h share.
#ifndef BRILLE_INSPECTOR_LUA_TESTCASE_WIRE_H
#define BRILLE_INSPECTOR_LUA_TESTCASE_WIRE_H

#include "inspector/lua/sandbox.h"
#include "inspector/lua/testcase.h"

// Sends the cases of the table on the stack. In the child.
int testcase_send(lua_State *L);

#endif
