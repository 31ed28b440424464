// Prints what VisualVM's heap library makes of an HPROF file, tab-separated: classes with their
// instances, the sum of their `size` and the size of the type object that the class is, the number of roots, and the fields of one instance of each class named on the command
// line. Usage: java -cp jfluid-heap.jar Hprof.java FILE CLASS...
import java.io.File;
import java.util.List;
import org.graalvm.visualvm.lib.jfluid.heap.*;

public class Hprof {
    static String text(Object string) {
        Object characters = ((Instance) string).getValueOfField("value");
        return String.join("", (List<String>) ((PrimitiveArrayInstance) characters).getValues());
    }

    static String show(Object value) {
        if (!(value instanceof Instance))
            return String.valueOf(value);
        Instance instance = (Instance) value;
        String name = instance.getJavaClass().getName();
        return name.equals("java.lang.String") ? text(value) : name + " " + instance.getInstanceId();
    }

    static long sizes(JavaClass type) {
        long sum = 0;
        for (Object each : type.getInstances()) {
            Object size = ((Instance) each).getValueOfField("size");
            sum += size instanceof Long ? (Long) size : 0;
        }
        return sum;
    }

    public static void main(String[] arguments) throws Exception {
        Heap heap = HeapFactory.createHeap(new File(arguments[0]));
        for (Object each : heap.getAllClasses()) {
            JavaClass type = (JavaClass) each;
            Object own = type.getValueOfStaticField("size");
            System.out.println("class\t" + type.getName() + "\t" + type.getInstancesCount() + "\t"
                + sizes(type) + "\t" + (own instanceof Long ? own : "none"));
        }
        System.out.println("total\t" + heap.getSummary().getTotalLiveInstances());
        System.out.println("roots\t" + heap.getGCRoots().size());
        System.out.println("property\t" + heap.getSystemProperties().getProperty("java.vm.name"));
        for (int i = 1; i < arguments.length; i++) {
            JavaClass type = heap.getJavaClassByName(arguments[i]);
            Instance instance = (Instance) type.getInstances().get(0);
            System.out.println("instance\t" + arguments[i] + "\t" + instance.getInstanceId() + "\t"
                + instance.getRetainedSize());
            for (Object each : instance.getFieldValues()) {
                String name = ((FieldValue) each).getField().getName();
                System.out.println("field\t" + arguments[i] + "\t" + name + "\t"
                    + show(instance.getValueOfField(name)));
            }
        }
    }
}
