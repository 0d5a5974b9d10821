/* Where a compiled module's state is, for the interpreter that runs. Included by the C that Cython generates, in the
 * place of its own way (setup.py), which looks the interpreter's number up in a table at every use of a name, a constant
 * or a type and so doubles the time of a small call. Here a pointer does, as long as one interpreter alone has loaded the
 * module, which is nearly always.
 *
 * Cython also forgets a module when the collector clears it, but objects of its types may outlive that: here it is
 * forgotten when it is freed, and it is not freed before its types are. */
#define FN_MANY_STATES ((__pyx_mstatetype *)1)

/* NULL before the first interpreter has loaded the module; FN_MANY_STATES for good once a second one has, or the first
 * one has freed it. */
static __pyx_mstatetype *fn_sole_state;

static __attribute__((cold, noinline)) __pyx_mstatetype *fn_find_state(void) {
    return __Pyx_PyModule_GetState(__Pyx_State_FindModule(NULL));
}

static inline __pyx_mstatetype *fn_state(void) {
    __pyx_mstatetype *sole = __atomic_load_n(&fn_sole_state, __ATOMIC_ACQUIRE);
    return __builtin_expect(sole > FN_MANY_STATES, 1) ? sole : fn_find_state();
}
#define __pyx_mstate_global fn_state()

static int fn_add_state(PyObject *module) {
    __pyx_mstatetype *none = NULL;
    if (!__atomic_compare_exchange_n(&fn_sole_state, &none, __Pyx_PyModule_GetState(module), 0, __ATOMIC_ACQ_REL,
                                     __ATOMIC_ACQUIRE))
        __atomic_store_n(&fn_sole_state, FN_MANY_STATES, __ATOMIC_RELEASE);
    return __Pyx_State_AddModule(module, NULL);
}

static void fn_free_state(void *module) {
    if (__Pyx_State_FindModule(NULL) != (PyObject *)module)
        return;
    __atomic_store_n(&fn_sole_state, FN_MANY_STATES, __ATOMIC_RELEASE);
    __Pyx_State_RemoveModule(NULL);
}
