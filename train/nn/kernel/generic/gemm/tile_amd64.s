#include "textflag.h"
#include "go_asm.h"

// Registers of both kernels. The rows of A are three pointers of three rows each,
// so that every address is one of (R8), (R8)(R11*1), (R8)(R11*2), (R9), ...
//
//	DI  the tile             SI  A at the start of the segment
//	R8  rows 0 to 2 of A     DX  B at the start of the segment
//	R9  rows 3 to 5 of A     BX  B
//	R10 rows 6 and 7 of A    AX  segments left
//	R11 bytes of ARow        CX  steps left
//	R12 bytes of AStep       R13 bytes of BStep
//
// A loop for each number of rows, because the sums must have fixed registers:
// two a row, or one for tiles of half the width.

// LOOP sums over all segments and steps; load and rows are the body of a step.
#define LOOP(segment, step, load, rows, store) \
segment: \
	MOVQ SI, R8; \
	LEAQ (SI)(R11*2), R9; \
	ADDQ R11, R9; \
	LEAQ (R9)(R11*2), R10; \
	ADDQ R11, R10; \
	MOVQ DX, BX; \
	MOVQ Tile_Steps(DI), CX; \
step: \
	load; \
	rows; \
	ADDQ R12, R8; \
	ADDQ R12, R9; \
	ADDQ R12, R10; \
	ADDQ R13, BX; \
	DECQ CX; \
	JNZ step; \
	MOVQ Tile_ASegment(DI), R8; \
	LEAQ (SI)(R8*4), SI; \
	MOVQ Tile_BSegment(DI), R8; \
	LEAQ (DX)(R8*4), DX; \
	DECQ AX; \
	JNZ segment; \
	JMP store

// ARGUMENTS loads all registers but those that a segment sets.
#define ARGUMENTS \
	MOVQ t+0(FP), DI; \
	MOVQ a+16(FP), SI; \
	MOVQ b+24(FP), DX; \
	MOVQ Tile_Segments(DI), AX; \
	MOVQ Tile_ARow(DI), R11; \
	SHLQ $2, R11; \
	MOVQ Tile_AStep(DI), R12; \
	SHLQ $2, R12; \
	MOVQ Tile_BStep(DI), R13; \
	SHLQ $2, R13

// RESULT points R8 at C, R9 at the rows left, R10 at the bytes between rows.
#define RESULT \
	MOVQ c+8(FP), R8; \
	MOVQ Tile_Rows(DI), R9; \
	MOVQ Tile_CRow(DI), R10; \
	SHLQ $2, R10

// AVX-512: sums in Z0 to Z15.

#define LOAD \
	VMOVUPS (BX), Z28; \
	VMOVUPS 64(BX), Z29
#define ROW(a, left, right) \
	VBROADCASTSS a, Z30; \
	VFMADD231PS Z30, Z28, left; \
	VFMADD231PS Z30, Z29, right
#define ROWS1 ROW((R8), Z0, Z1)
#define ROWS2 ROWS1; ROW((R8)(R11*1), Z2, Z3)
#define ROWS3 ROWS2; ROW((R8)(R11*2), Z4, Z5)
#define ROWS4 ROWS3; ROW((R9), Z6, Z7)
#define ROWS5 ROWS4; ROW((R9)(R11*1), Z8, Z9)
#define ROWS6 ROWS5; ROW((R9)(R11*2), Z10, Z11)
#define ROWS7 ROWS6; ROW((R10), Z12, Z13)
#define ROWS8 ROWS7; ROW((R10)(R11*1), Z14, Z15)

#define LOADHALF VMOVUPS (BX), Z28
#define HALF(a, sum) VFMADD231PS.BCST a, Z28, sum
#define HALF1 HALF((R8), Z0)
#define HALF2 HALF1; HALF((R8)(R11*1), Z2)
#define HALF3 HALF2; HALF((R8)(R11*2), Z4)
#define HALF4 HALF3; HALF((R9), Z6)
#define HALF5 HALF4; HALF((R9)(R11*1), Z8)
#define HALF6 HALF5; HALF((R9)(R11*2), Z10)
#define HALF7 HALF6; HALF((R10), Z12)
#define HALF8 HALF7; HALF((R10)(R11*1), Z14)

// STORE ends one row: adds C under mask K1, cuts below 0 (Z26) under K2. The
// order of the operands of VMAXPS keeps a NaN.
#define STORE(left, right) \
	VADDPS (R8), left, K1, left; \
	VADDPS 64(R8), right, K1, right; \
	VMAXPS left, Z26, K2, left; \
	VMAXPS right, Z26, K2, right; \
	VMOVUPS left, (R8); \
	VMOVUPS right, 64(R8); \
	ADDQ R10, R8; \
	DECQ R9; \
	JZ done
#define STOREHALF(sum) \
	VADDPS (R8), sum, K1, sum; \
	VMAXPS sum, Z26, K2, sum; \
	VMOVUPS sum, (R8); \
	ADDQ R10, R8; \
	DECQ R9; \
	JZ done

// func tileAVX512(t *Tile, c, a, b, bias *float32)
TEXT ·tileAVX512(SB), NOSPLIT, $0-40
	ARGUMENTS
	VXORPS X0, X0, X0
	VXORPS X1, X1, X1
	MOVQ bias+32(FP), R8
	TESTQ R8, R8
	JZ start
	VMOVUPS (R8), Z0
	CMPQ Tile_Columns(DI), $16
	JLE start
	VMOVUPS 64(R8), Z1

start:
	VMOVAPS Z0, Z2
	VMOVAPS Z1, Z3
	VMOVAPS Z0, Z4
	VMOVAPS Z1, Z5
	VMOVAPS Z0, Z6
	VMOVAPS Z1, Z7
	VMOVAPS Z0, Z8
	VMOVAPS Z1, Z9
	VMOVAPS Z0, Z10
	VMOVAPS Z1, Z11
	VMOVAPS Z0, Z12
	VMOVAPS Z1, Z13
	VMOVAPS Z0, Z14
	VMOVAPS Z1, Z15
	VPXORD Z26, Z26, Z26
	XORQ R9, R9
	MOVBQZX Tile_Add(DI), R8
	SUBQ R8, R9
	KMOVW R9, K1
	XORQ R9, R9
	MOVBQZX Tile_ReLU(DI), R8
	SUBQ R8, R9
	KMOVW R9, K2

	MOVQ Tile_Rows(DI), R9
	CMPQ Tile_Columns(DI), $16
	JLE half
	CMPQ R9, $8
	JEQ segment8
	CMPQ R9, $7
	JEQ segment7
	CMPQ R9, $6
	JEQ segment6
	CMPQ R9, $5
	JEQ segment5
	CMPQ R9, $4
	JEQ segment4
	CMPQ R9, $3
	JEQ segment3
	CMPQ R9, $2
	JEQ segment2
	LOOP(segment1, step1, LOAD, ROWS1, store)
	LOOP(segment2, step2, LOAD, ROWS2, store)
	LOOP(segment3, step3, LOAD, ROWS3, store)
	LOOP(segment4, step4, LOAD, ROWS4, store)
	LOOP(segment5, step5, LOAD, ROWS5, store)
	LOOP(segment6, step6, LOAD, ROWS6, store)
	LOOP(segment7, step7, LOAD, ROWS7, store)
	LOOP(segment8, step8, LOAD, ROWS8, store)

store:
	RESULT
	STORE(Z0, Z1)
	STORE(Z2, Z3)
	STORE(Z4, Z5)
	STORE(Z6, Z7)
	STORE(Z8, Z9)
	STORE(Z10, Z11)
	STORE(Z12, Z13)
	STORE(Z14, Z15)

half:
	CMPQ R9, $8
	JEQ halfsegment8
	CMPQ R9, $7
	JEQ halfsegment7
	CMPQ R9, $6
	JEQ halfsegment6
	CMPQ R9, $5
	JEQ halfsegment5
	CMPQ R9, $4
	JEQ halfsegment4
	CMPQ R9, $3
	JEQ halfsegment3
	CMPQ R9, $2
	JEQ halfsegment2
	LOOP(halfsegment1, halfstep1, LOADHALF, HALF1, storehalf)
	LOOP(halfsegment2, halfstep2, LOADHALF, HALF2, storehalf)
	LOOP(halfsegment3, halfstep3, LOADHALF, HALF3, storehalf)
	LOOP(halfsegment4, halfstep4, LOADHALF, HALF4, storehalf)
	LOOP(halfsegment5, halfstep5, LOADHALF, HALF5, storehalf)
	LOOP(halfsegment6, halfstep6, LOADHALF, HALF6, storehalf)
	LOOP(halfsegment7, halfstep7, LOADHALF, HALF7, storehalf)
	LOOP(halfsegment8, halfstep8, LOADHALF, HALF8, storehalf)

storehalf:
	RESULT
	STOREHALF(Z0)
	STOREHALF(Z2)
	STOREHALF(Z4)
	STOREHALF(Z6)
	STOREHALF(Z8)
	STOREHALF(Z10)
	STOREHALF(Z12)
	STOREHALF(Z14)

done:
	VZEROUPPER
	RET

// AVX2: sums in Y0 to Y11.

#define LOAD2 \
	VMOVUPS (BX), Y12; \
	VMOVUPS 32(BX), Y13
#define ROW2(a, left, right) \
	VBROADCASTSS a, Y14; \
	VFMADD231PS Y14, Y12, left; \
	VFMADD231PS Y14, Y13, right
#define PAIRS1 ROW2((R8), Y0, Y1)
#define PAIRS2 PAIRS1; ROW2((R8)(R11*1), Y2, Y3)
#define PAIRS3 PAIRS2; ROW2((R8)(R11*2), Y4, Y5)
#define PAIRS4 PAIRS3; ROW2((R9), Y6, Y7)
#define PAIRS5 PAIRS4; ROW2((R9)(R11*1), Y8, Y9)
#define PAIRS6 PAIRS5; ROW2((R9)(R11*2), Y10, Y11)

#define LOADHALF2 VMOVUPS (BX), Y12
#define HALFROW2(a, sum) \
	VBROADCASTSS a, Y14; \
	VFMADD231PS Y14, Y12, sum
#define SINGLE1 HALFROW2((R8), Y0)
#define SINGLE2 SINGLE1; HALFROW2((R8)(R11*1), Y2)
#define SINGLE3 SINGLE2; HALFROW2((R8)(R11*2), Y4)
#define SINGLE4 SINGLE3; HALFROW2((R9), Y6)
#define SINGLE5 SINGLE4; HALFROW2((R9)(R11*1), Y8)
#define SINGLE6 SINGLE5; HALFROW2((R9)(R11*2), Y10)

// STORE2 ends one row: adds C where mask Y12 lets it through, else 0, and cuts
// below Y13, 0 or -Inf. The order of the operands of VMAXPS keeps a NaN.
#define STORE2(left, right) \
	VMASKMOVPS (R8), Y12, Y14; \
	VADDPS Y14, left, left; \
	VMASKMOVPS 32(R8), Y12, Y14; \
	VADDPS Y14, right, right; \
	VMAXPS left, Y13, left; \
	VMAXPS right, Y13, right; \
	VMOVUPS left, (R8); \
	VMOVUPS right, 32(R8); \
	ADDQ R10, R8; \
	DECQ R9; \
	JZ done2
#define STOREHALF2(sum) \
	VMASKMOVPS (R8), Y12, Y14; \
	VADDPS Y14, sum, sum; \
	VMAXPS sum, Y13, sum; \
	VMOVUPS sum, (R8); \
	ADDQ R10, R8; \
	DECQ R9; \
	JZ done2

// RESULT2 is RESULT, and sets the mask and the floor.
#define RESULT2 \
	XORQ R9, R9; \
	MOVBQZX Tile_Add(DI), R8; \
	SUBQ R8, R9; \
	VMOVQ R9, X12; \
	VPBROADCASTQ X12, Y12; \
	MOVBQZX Tile_ReLU(DI), R8; \
	DECQ R8; \
	ANDQ $0xFF800000, R8; \
	VMOVQ R8, X13; \
	VPBROADCASTD X13, Y13; \
	RESULT

// func tileAVX2(t *Tile, c, a, b, bias *float32)
TEXT ·tileAVX2(SB), NOSPLIT, $0-40
	ARGUMENTS
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	MOVQ bias+32(FP), R8
	TESTQ R8, R8
	JZ start2
	VMOVUPS (R8), Y0
	CMPQ Tile_Columns(DI), $8
	JLE start2
	VMOVUPS 32(R8), Y1

start2:
	VMOVAPS Y0, Y2
	VMOVAPS Y1, Y3
	VMOVAPS Y0, Y4
	VMOVAPS Y1, Y5
	VMOVAPS Y0, Y6
	VMOVAPS Y1, Y7
	VMOVAPS Y0, Y8
	VMOVAPS Y1, Y9
	VMOVAPS Y0, Y10
	VMOVAPS Y1, Y11

	MOVQ Tile_Rows(DI), R9
	CMPQ Tile_Columns(DI), $8
	JLE half2
	CMPQ R9, $6
	JEQ pairs6
	CMPQ R9, $5
	JEQ pairs5
	CMPQ R9, $4
	JEQ pairs4
	CMPQ R9, $3
	JEQ pairs3
	CMPQ R9, $2
	JEQ pairs2
	LOOP(pairs1, pairstep1, LOAD2, PAIRS1, store2)
	LOOP(pairs2, pairstep2, LOAD2, PAIRS2, store2)
	LOOP(pairs3, pairstep3, LOAD2, PAIRS3, store2)
	LOOP(pairs4, pairstep4, LOAD2, PAIRS4, store2)
	LOOP(pairs5, pairstep5, LOAD2, PAIRS5, store2)
	LOOP(pairs6, pairstep6, LOAD2, PAIRS6, store2)

store2:
	RESULT2
	STORE2(Y0, Y1)
	STORE2(Y2, Y3)
	STORE2(Y4, Y5)
	STORE2(Y6, Y7)
	STORE2(Y8, Y9)
	STORE2(Y10, Y11)

half2:
	CMPQ R9, $6
	JEQ singles6
	CMPQ R9, $5
	JEQ singles5
	CMPQ R9, $4
	JEQ singles4
	CMPQ R9, $3
	JEQ singles3
	CMPQ R9, $2
	JEQ singles2
	LOOP(singles1, singlestep1, LOADHALF2, SINGLE1, storehalf2)
	LOOP(singles2, singlestep2, LOADHALF2, SINGLE2, storehalf2)
	LOOP(singles3, singlestep3, LOADHALF2, SINGLE3, storehalf2)
	LOOP(singles4, singlestep4, LOADHALF2, SINGLE4, storehalf2)
	LOOP(singles5, singlestep5, LOADHALF2, SINGLE5, storehalf2)
	LOOP(singles6, singlestep6, LOADHALF2, SINGLE6, storehalf2)

storehalf2:
	RESULT2
	STOREHALF2(Y0)
	STOREHALF2(Y2)
	STOREHALF2(Y4)
	STOREHALF2(Y6)
	STOREHALF2(Y8)
	STOREHALF2(Y10)

done2:
	VZEROUPPER
	RET
